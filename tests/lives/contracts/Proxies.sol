// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {BeaconProxy} from "@openzeppelin/contracts/proxy/beacon/BeaconProxy.sol";
import {UpgradeableBeacon} from "@openzeppelin/contracts/proxy/beacon/UpgradeableBeacon.sol";
import {ProxyAdmin} from "@openzeppelin/contracts/proxy/transparent/ProxyAdmin.sol";
import {
    TransparentUpgradeableProxy
} from "@openzeppelin/contracts/proxy/transparent/TransparentUpgradeableProxy.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {OwnableUpgradeable} from "@openzeppelin/contracts-upgradeable/access/OwnableUpgradeable.sol";
import {ERC20Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/ERC20Upgradeable.sol";

contract LifeProxy is ERC1967Proxy {
    constructor(address implementation, bytes memory data) payable ERC1967Proxy(implementation, data) {}
}

contract LifeTransparent is TransparentUpgradeableProxy {
    constructor(address implementation, address owner, bytes memory data)
        payable
        TransparentUpgradeableProxy(implementation, owner, data)
    {}
}

contract LifeBeacon is UpgradeableBeacon {
    constructor(address implementation, address owner) UpgradeableBeacon(implementation, owner) {}
}

contract LifeBeaconProxy is BeaconProxy {
    constructor(address beacon, bytes memory data) payable BeaconProxy(beacon, data) {}
}

contract LifeAdmin is ProxyAdmin {
    constructor(address owner) ProxyAdmin(owner) {}
}

contract LifeCoinV1 is ERC20Upgradeable, OwnableUpgradeable, UUPSUpgradeable {
    constructor() {
        _disableInitializers();
    }

    function initialize(address owner, uint256 supply) external initializer {
        __ERC20_init("Coin", "COIN");
        __Ownable_init(owner);
        _mint(owner, supply);
    }

    function version() external pure virtual returns (uint256) {
        return 1;
    }

    function _authorizeUpgrade(address) internal override onlyOwner {}
}

contract LifeCoinV2 is LifeCoinV1 {
    uint256 public bonus;

    function migrate(uint256 newBonus) external reinitializer(2) onlyOwner {
        bonus = newBonus;
    }

    function version() external pure override returns (uint256) {
        return 2;
    }
}

/// May be cloned: no initializer is disabled.
contract LifeCloneable {
    address public owner;
    uint256 public count;

    error AlreadyOwned(address owner);

    function open(address newOwner) external payable {
        if (owner != address(0)) revert AlreadyOwned(owner);
        owner = newOwner;
    }

    function increase(uint256 by) external returns (uint256) {
        count += by;
        return count;
    }
}

contract LifeFactory {
    using Clones for address;

    address public last;

    function clone(address implementation) external returns (address) {
        return last = implementation.clone();
    }

    function cloneDeterministic(address implementation, bytes32 salt) external payable returns (address) {
        return last = implementation.cloneDeterministic(salt, msg.value);
    }

    function cloneWithArgs(address implementation, bytes calldata args) external returns (address) {
        return last = implementation.cloneWithImmutableArgs(args);
    }

    function predict(address implementation, bytes32 salt) external view returns (address) {
        return implementation.predictDeterministicAddress(salt);
    }
}
