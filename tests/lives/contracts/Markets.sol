// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// A market of two tokens whose product of reserves never falls; a swap pays 0.3% to its owners.
contract LifePool is ERC20, ReentrancyGuard {
    using SafeERC20 for IERC20;

    event Swap(address indexed by, address indexed sold, uint256 amountIn, uint256 amountOut);
    event Sync(uint112 reserve0, uint112 reserve1);

    error TooLittle(uint256 amount, uint256 wanted);
    error UnknownToken(address token);

    IERC20 public immutable token0;
    IERC20 public immutable token1;

    uint112 private _reserve0;
    uint112 private _reserve1;
    uint32 private _changedAt;
    uint256 public price0Sum;
    uint256 public price1Sum;

    constructor(IERC20 first, IERC20 second) ERC20("Pool", "POOL") {
        (token0, token1) = first < second ? (first, second) : (second, first);
    }

    function reserves() external view returns (uint112, uint112, uint32) {
        return (_reserve0, _reserve1, _changedAt);
    }

    function deposit(uint256 amount0, uint256 amount1) external nonReentrant returns (uint256 shares) {
        uint256 supply = totalSupply();
        shares = supply == 0
            ? Math.sqrt(amount0 * amount1)
            : Math.min(Math.mulDiv(amount0, supply, _reserve0), Math.mulDiv(amount1, supply, _reserve1));
        if (shares == 0) revert TooLittle(0, 1);
        token0.safeTransferFrom(msg.sender, address(this), amount0);
        token1.safeTransferFrom(msg.sender, address(this), amount1);
        _mint(msg.sender, shares);
        _sync(_reserve0 + amount0, _reserve1 + amount1);
    }

    function withdraw(uint256 shares) external nonReentrant returns (uint256 amount0, uint256 amount1) {
        uint256 supply = totalSupply();
        amount0 = Math.mulDiv(shares, _reserve0, supply);
        amount1 = Math.mulDiv(shares, _reserve1, supply);
        _burn(msg.sender, shares);
        _sync(_reserve0 - amount0, _reserve1 - amount1);
        token0.safeTransfer(msg.sender, amount0);
        token1.safeTransfer(msg.sender, amount1);
    }

    function swap(IERC20 sold, uint256 amountIn, uint256 amountOutMin)
        external
        nonReentrant
        returns (uint256 amountOut)
    {
        bool isFirst = sold == token0;
        if (!isFirst && sold != token1) revert UnknownToken(address(sold));
        (uint256 reserveIn, uint256 reserveOut) = isFirst ? (_reserve0, _reserve1) : (_reserve1, _reserve0);
        uint256 afterFee = amountIn * 997;
        amountOut = (afterFee * reserveOut) / (reserveIn * 1000 + afterFee);
        if (amountOut < amountOutMin || amountOut == 0) revert TooLittle(amountOut, amountOutMin);
        sold.safeTransferFrom(msg.sender, address(this), amountIn);
        (isFirst ? token1 : token0).safeTransfer(msg.sender, amountOut);
        (uint256 newIn, uint256 newOut) = (reserveIn + amountIn, reserveOut - amountOut);
        assert(newIn * newOut >= reserveIn * reserveOut);
        if (isFirst) _sync(newIn, newOut);
        else _sync(newOut, newIn);
        emit Swap(msg.sender, address(sold), amountIn, amountOut);
    }

    function _sync(uint256 reserve0, uint256 reserve1) private {
        require(reserve0 <= type(uint112).max && reserve1 <= type(uint112).max, "too large");
        uint32 time = uint32(block.timestamp);
        uint256 passed;
        unchecked {
            passed = time - _changedAt;
        }
        if (passed > 0 && _reserve0 != 0 && _reserve1 != 0) {
            unchecked {
                price0Sum += ((uint256(_reserve1) << 112) / _reserve0) * passed;
                price1Sum += ((uint256(_reserve0) << 112) / _reserve1) * passed;
            }
        }
        _reserve0 = uint112(reserve0);
        _reserve1 = uint112(reserve1);
        _changedAt = time;
        emit Sync(uint112(reserve0), uint112(reserve1));
    }
}

/// Calls that several owners must agree on.
contract LifeMultisig {
    event Confirmed(address indexed owner, bytes32 indexed id);
    event Executed(bytes32 indexed id, uint256 nonce);

    error NotOwner(address caller);
    error AlreadyConfirmed(address owner, bytes32 id);
    error NotConfirmed(uint256 count, uint256 needed);
    error Failed(bytes reason);

    mapping(address owner => bool) public isOwner;
    mapping(bytes32 id => mapping(address owner => bool)) public hasConfirmed;
    address[] private _owners;
    uint256 public immutable needed;
    uint256 public nonce;

    modifier onlyOwner() {
        if (!isOwner[msg.sender]) revert NotOwner(msg.sender);
        _;
    }

    constructor(address[] memory owners, uint256 neededCount) {
        for (uint256 i = 0; i < owners.length; i++) isOwner[owners[i]] = true;
        _owners = owners;
        needed = neededCount;
    }

    function idOf(address to, uint256 value, bytes memory data) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), nonce, to, value, keccak256(data)));
    }

    function confirm(bytes32 id) external onlyOwner {
        if (hasConfirmed[id][msg.sender]) revert AlreadyConfirmed(msg.sender, id);
        hasConfirmed[id][msg.sender] = true;
        emit Confirmed(msg.sender, id);
    }

    function execute(address to, uint256 value, bytes calldata data) external onlyOwner {
        bytes32 id = idOf(to, value, data);
        uint256 count;
        for (uint256 i = 0; i < _owners.length; i++) {
            if (hasConfirmed[id][_owners[i]]) count++;
        }
        if (count < needed) revert NotConfirmed(count, needed);
        emit Executed(id, nonce++);
        (bool done, bytes memory reason) = to.call{value: value}(data);
        if (!done) revert Failed(reason);
    }

    receive() external payable {}
}
