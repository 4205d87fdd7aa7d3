/** Errors and events of wide-spread standards, for contracts whose ABI does not name them. */

export const KNOWN_ERRORS = [
  // Solidity itself
  'error Error(string message)',
  'error Panic(uint256 code)',
  // ERC-6093
  'error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)',
  'error ERC20InvalidSender(address sender)',
  'error ERC20InvalidReceiver(address receiver)',
  'error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed)',
  'error ERC20InvalidApprover(address approver)',
  'error ERC20InvalidSpender(address spender)',
  'error ERC721InvalidOwner(address owner)',
  'error ERC721NonexistentToken(uint256 tokenId)',
  'error ERC721IncorrectOwner(address sender, uint256 tokenId, address owner)',
  'error ERC721InvalidSender(address sender)',
  'error ERC721InvalidReceiver(address receiver)',
  'error ERC721InsufficientApproval(address operator, uint256 tokenId)',
  'error ERC721InvalidApprover(address approver)',
  'error ERC721InvalidOperator(address operator)',
  'error ERC1155InsufficientBalance(address sender, uint256 balance, uint256 needed, uint256 id)',
  'error ERC1155InvalidSender(address sender)',
  'error ERC1155InvalidReceiver(address receiver)',
  'error ERC1155MissingApprovalForAll(address operator, address owner)',
  'error ERC1155InvalidApprover(address approver)',
  'error ERC1155InvalidOperator(address operator)',
  'error ERC1155InvalidArrayLength(uint256 idsLength, uint256 valuesLength)',
  // OpenZeppelin Contracts 5
  'error OwnableUnauthorizedAccount(address account)',
  'error OwnableInvalidOwner(address owner)',
  'error AccessControlUnauthorizedAccount(address account, bytes32 neededRole)',
  'error ReentrancyGuardReentrantCall()',
  'error EnforcedPause()',
  'error ExpectedPause()',
  'error InvalidInitialization()',
  'error NotInitializing()',
  'error SafeERC20FailedOperation(address token)',
] as const;

const ERC1155_PARTIES = 'address indexed operator, address indexed from, address indexed to';

export const KNOWN_EVENTS = [
  // ERC-20, ERC-721
  'event Transfer(address indexed from, address indexed to, uint256 value)',
  'event Transfer(address indexed from, address indexed to, uint256 indexed tokenId)',
  'event Approval(address indexed owner, address indexed spender, uint256 value)',
  'event Approval(address indexed owner, address indexed approved, uint256 indexed tokenId)',
  'event ApprovalForAll(address indexed owner, address indexed operator, bool approved)',
  // ERC-1155
  `event TransferSingle(${ERC1155_PARTIES}, uint256 id, uint256 value)`,
  `event TransferBatch(${ERC1155_PARTIES}, uint256[] ids, uint256[] values)`,
  // ERC-1967, ERC-173
  'event Upgraded(address indexed implementation)',
  'event OwnershipTransferred(address indexed previousOwner, address indexed newOwner)',
] as const;
