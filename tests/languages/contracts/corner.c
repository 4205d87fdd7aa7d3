/* What contracts have besides functions: a constructor that is paid, receive, fallback, messages. */
#include <lockstep.h>

LOCKSTEP(contract Corner {
  address owner;
  mapping(uint64 => mapping(bytes32 => bool)) marks;
  uint64 limit;

  event Received(address indexed from, uint256 value);
  event Noted(string indexed title, bytes note, int64 indexed at, bytes32 indexed mark);
  event Silent();

  error Nothing();
  error Refused(string why, bytes data, int8 code);

  constructor(address first, uint64 most) payable;
  receive() external payable;
  fallback() external;

  function state(uint64 at, bytes32 mark) view returns (bool);
  function ownerOf() view returns (address);
  function note(string title, bytes text, int64 at, bytes32 mark);
  function refuse(string why, bytes data) pure;
  function nothing() pure;
  function complain(string why) pure;
})

void constructor(address first, uint64_t most) {
  owner_set(first);
  limit_set(most);
  emit_Received(msg_sender(), msg_value());
}

void receive(void) { emit_Received(msg_sender(), msg_value()); }
void fallback(void) { emit_Silent(); }
bool state(uint64_t at, bytes32 mark) { return marks_get(at, mark); }
address ownerOf(void) { return owner_get(); }

void note(string title, bytes text, int64_t at, bytes32 mark) {
  marks_set(limit_get(), mark, true);
  emit_Noted(title, text, at, mark);
}

void refuse(string why, bytes data) { revert_Refused(why, data, -7); }
void nothing(void) { revert_Nothing(); }
void complain(string why) { revert_with(why); }
