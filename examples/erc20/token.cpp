/* An ERC-20 token with a fixed supply, all of which its creator receives. */
#include <lockstep.hpp>

LOCKSTEP(contract Token {
  string public constant name = "Lockstep Token";
  string public constant symbol = "LOCK";
  uint8 public constant decimals = 18;

  uint256 public totalSupply;
  mapping(address account => uint256) public balanceOf;
  mapping(address owner => mapping(address spender => uint256)) public allowance;

  event Transfer(address indexed from, address indexed to, uint256 value);
  event Approval(address indexed owner, address indexed spender, uint256 value);

  error InsufficientBalance(address account, uint256 balance, uint256 needed);
  error InsufficientAllowance(address spender, uint256 allowance, uint256 needed);
  error InvalidReceiver(address receiver);
  error InvalidSpender(address spender);

  constructor();
  function transfer(address to, uint256 value) returns (bool);
  function approve(address spender, uint256 value) returns (bool);
  function transferFrom(address from, address to, uint256 value) returns (bool);
})

void constructor() {
  u256 supply = u256(1'000'000) * u256_pow(10, decimals);
  totalSupply = supply;
  balanceOf[msg_sender()] = supply;
  emit_Transfer(address_zero(), msg_sender(), supply);
}

static void move(address from, address to, u256 value) {
  if (address_is_zero(to)) revert_InvalidReceiver(to);
  u256 balance = balanceOf[from];
  if (balance < value) revert_InsufficientBalance(from, balance, value);
  balanceOf[from] = balance - value;
  balanceOf[to] += value;
  emit_Transfer(from, to, value);
}

bool transfer(address to, u256 value) {
  move(msg_sender(), to, value);
  return true;
}

bool approve(address spender, u256 value) {
  if (address_is_zero(spender)) revert_InvalidSpender(spender);
  allowance[msg_sender()][spender] = value;
  emit_Approval(msg_sender(), spender, value);
  return true;
}

/* An allowance of the greatest number is unlimited and does not shrink. */
bool transferFrom(address from, address to, u256 value) {
  address spender = msg_sender();
  u256 allowed = allowance[from][spender];
  if (allowed != u256_max()) {
    if (allowed < value) revert_InsufficientAllowance(spender, allowed, value);
    allowance[from][spender] = allowed - value;
  }
  move(from, to, value);
  return true;
}
