// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ERC721Holder} from "@openzeppelin/contracts/token/ERC721/utils/ERC721Holder.sol";
import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {ERC1155Holder} from "@openzeppelin/contracts/token/ERC1155/utils/ERC1155Holder.sol";
import {ERC1155Supply} from "@openzeppelin/contracts/token/ERC1155/extensions/ERC1155Supply.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";

contract LifeToken is ERC20, Ownable {
    constructor(address owner) ERC20("Life", "LIFE") Ownable(owner) {}

    function mint(address to, uint256 value) external onlyOwner {
        _mint(to, value);
    }

    function burn(uint256 value) external {
        _burn(msg.sender, value);
    }
}

contract LifeNft is ERC721, Ownable {
    constructor(address owner) ERC721("Life", "LIFE") Ownable(owner) {}

    function mint(address to, uint256 id) external onlyOwner {
        _mint(to, id);
    }

    function safeMint(address to, uint256 id, bytes calldata data) external onlyOwner {
        _safeMint(to, id, data);
    }

    function burn(uint256 id) external {
        _update(address(0), id, msg.sender);
    }

    function _baseURI() internal pure override returns (string memory) {
        return "https://life.example/";
    }
}

contract LifeMulti is ERC1155, ERC1155Supply, Ownable {
    constructor(address owner) ERC1155("https://life.example/{id}") Ownable(owner) {}

    function mint(address to, uint256 id, uint256 value, bytes calldata data) external onlyOwner {
        _mint(to, id, value, data);
    }

    function mintBatch(address to, uint256[] calldata ids, uint256[] calldata values, bytes calldata data)
        external
        onlyOwner
    {
        _mintBatch(to, ids, values, data);
    }

    function _update(address from, address to, uint256[] memory ids, uint256[] memory values)
        internal
        override(ERC1155, ERC1155Supply)
    {
        super._update(from, to, ids, values);
    }
}

/// Takes tokens of every kind.
contract LifeHolder is ERC721Holder, ERC1155Holder {}

contract LifeVault is ERC4626 {
    constructor(IERC20 asset) ERC20("Vault", "VLT") ERC4626(asset) {}
}

contract LifeVotes is ERC20, ERC20Permit, ERC20Votes {
    constructor(address holder, uint256 supply) ERC20("Votes", "VOTE") ERC20Permit("Votes") {
        _mint(holder, supply);
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) {
        super._update(from, to, value);
    }

    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }
}
