/* An ERC-20 token with a fixed supply, all of which its creator receives. */
#include <lockstep.hpp>

LOCKSTEP(contract Token {
  uint256 supply;
  mapping(address => uint256) balances;
  mapping(address => mapping(address => uint256)) allowances;

  event Transfer(address indexed from, address indexed to, uint256 value);
  event Approval(address indexed owner, address indexed spender, uint256 value);

  error InsufficientBalance(address account, uint256 balance, uint256 needed);
  error InsufficientAllowance(address spender, uint256 allowance, uint256 needed);
  error InvalidReceiver(address receiver);
  error InvalidSpender(address spender);

  constructor();
  function name() view returns (string);
  function symbol() view returns (string);
  function decimals() view returns (uint8);
  function totalSupply() view returns (uint256);
  function balanceOf(address account) view returns (uint256);
  function allowance(address owner, address spender) view returns (uint256);
  function transfer(address to, uint256 value) returns (bool);
  function approve(address spender, uint256 value) returns (bool);
  function transferFrom(address from, address to, uint256 value) returns (bool);
})

void constructor() {
  u256 total = u256(1'000'000) * u256_pow(10, 18);
  supply = total;
  balances[msg_sender()] = total;
  emit_Transfer(address_zero(), msg_sender(), total);
}

string name() { return "Lockstep Token"; }
string symbol() { return "LOCK"; }
uint8_t decimals() { return 18; }
u256 totalSupply() { return supply; }
u256 balanceOf(address account) { return balances[account]; }
u256 allowance(address owner, address spender) { return allowances[owner][spender]; }

static void move(address from, address to, u256 value) {
  if (address_is_zero(to)) revert_InvalidReceiver(to);
  u256 balance = balances[from];
  if (balance < value) revert_InsufficientBalance(from, balance, value);
  balances[from] = balance - value;
  balances[to] += value;
  emit_Transfer(from, to, value);
}

bool transfer(address to, u256 value) {
  move(msg_sender(), to, value);
  return true;
}

bool approve(address spender, u256 value) {
  if (address_is_zero(spender)) revert_InvalidSpender(spender);
  allowances[msg_sender()][spender] = value;
  emit_Approval(msg_sender(), spender, value);
  return true;
}

/* An allowance of the greatest number is unlimited and does not shrink. */
bool transferFrom(address from, address to, u256 value) {
  address spender = msg_sender();
  u256 allowed = allowances[from][spender];
  if (allowed != u256_max()) {
    if (allowed < value) revert_InsufficientAllowance(spender, allowed, value);
    allowances[from][spender] = allowed - value;
  }
  move(from, to, value);
  return true;
}
