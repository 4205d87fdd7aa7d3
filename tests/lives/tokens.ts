/** Lives of OpenZeppelin's tokens: ERC-20, ERC-721, ERC-1155, ERC-4626, permits of ERC-2612. */
import { Secp256k1, TypedData } from 'ox';
import type { Life, Living } from './life.ts';
import { privateKeyOf } from './life.ts';

const MAX = (1n << 256n) - 1n;
const ZERO = '0x0000000000000000000000000000000000000000';

export const ERC20: Life = {
  name: 'ERC-20',
  steps: [
    { deploy: 'LifeToken', as: 'token', args: ['@owner'] },
    { call: 'token.name', returns: 'Life' },
    { call: 'token.symbol', returns: 'LIFE' },
    { call: 'token.decimals', returns: 18n },
    { call: 'token.mint', args: ['@alice', 1000n] },
    { call: 'token.mint', args: ['@alice', 1n], from: 'bob', revert: 'OwnableUnauthorizedAccount' },
    { call: 'token.mint', args: [ZERO, 1n], revert: 'ERC20InvalidReceiver' },
    { call: 'token.mint', args: ['@bob', MAX], revert: 'Panic 0x11' },
    { call: 'token.totalSupply', returns: 1000n },
    { call: 'token.transfer', args: ['@bob', 300n], from: 'alice', returns: true },
    { call: 'token.transfer', args: ['@bob', 0n], from: 'alice', returns: true },
    { call: 'token.transfer', args: ['@alice', 5n], from: 'alice', returns: true },
    {
      call: 'token.transfer',
      args: ['@bob', 701n],
      from: 'alice',
      revert: 'ERC20InsufficientBalance',
    },
    { call: 'token.transfer', args: [ZERO, 1n], from: 'alice', revert: 'ERC20InvalidReceiver' },
    { call: 'token.approve', args: ['@carol', 100n], from: 'bob', returns: true },
    { call: 'token.approve', args: [ZERO, 1n], from: 'bob', revert: 'ERC20InvalidSpender' },
    { call: 'token.allowance', args: ['@bob', '@carol'], returns: 100n },
    {
      call: 'token.transferFrom',
      args: ['@bob', '@carol', 101n],
      from: 'carol',
      revert: 'ERC20InsufficientAllowance',
    },
    { call: 'token.transferFrom', args: ['@bob', '@carol', 40n], from: 'carol', returns: true },
    { call: 'token.transferFrom', args: ['@bob', '@alice', 60n], from: 'carol', returns: true },
    { call: 'token.allowance', args: ['@bob', '@carol'], returns: 0n },
    { call: 'token.approve', args: ['@carol', MAX], from: 'bob' },
    { call: 'token.transferFrom', args: ['@bob', '@carol', 10n], from: 'carol' },
    { call: 'token.allowance', args: ['@bob', '@carol'], returns: MAX },
    { call: 'token.balanceOf', args: ['@bob'], returns: 190n },
    { call: 'token.balanceOf', args: ['@carol'], returns: 50n },
    { call: 'token.burn', args: [190n], from: 'bob' },
    { call: 'token.burn', args: [1n], from: 'bob', revert: 'ERC20InsufficientBalance' },
    { call: 'token.totalSupply', returns: 810n },
    { call: 'token.transfer', args: ['@bob', 1n], from: 'alice', value: 1n, revert: '0x' },
    { send: '@token', data: '0x12345678', revert: '0x' },
    { send: '@token', value: 1n, revert: '0x' },
    { call: 'token.renounceOwnership' },
    { call: 'token.mint', args: ['@alice', 1n], revert: 'OwnableUnauthorizedAccount' },
  ],
};

export const ERC721: Life = {
  name: 'ERC-721',
  steps: [
    { deploy: 'LifeNft', as: 'nft', args: ['@owner'] },
    { deploy: 'LifeHolder', as: 'holder' },
    { deploy: 'LifeToken', as: 'token', args: ['@owner'] },
    { call: 'nft.mint', args: ['@alice', 1n] },
    { call: 'nft.mint', args: ['@alice', 1n], revert: 'ERC721InvalidSender' },
    { call: 'nft.mint', args: [ZERO, 2n], revert: 'ERC721InvalidReceiver' },
    { call: 'nft.safeMint', args: ['@holder', 2n, '0x1234'] },
    { call: 'nft.safeMint', args: ['@token', 3n, '0x'], revert: 'ERC721InvalidReceiver' },
    { call: 'nft.tokenURI', args: [1n], returns: 'https://life.example/1' },
    { call: 'nft.tokenURI', args: [9n], revert: 'ERC721NonexistentToken' },
    { call: 'nft.ownerOf', args: [2n], returns: '@holder' },
    { call: 'nft.approve', args: ['@bob', 1n], from: 'alice' },
    { call: 'nft.approve', args: ['@bob', 1n], from: 'carol', revert: 'ERC721InvalidApprover' },
    { call: 'nft.getApproved', args: [1n], returns: '@bob' },
    { call: 'nft.transferFrom', args: ['@alice', '@carol', 1n], from: 'bob' },
    { call: 'nft.getApproved', args: [1n], returns: ZERO },
    {
      call: 'nft.transferFrom',
      args: ['@alice', '@bob', 1n],
      from: 'carol',
      revert: 'ERC721IncorrectOwner',
    },
    {
      call: 'nft.transferFrom',
      args: ['@carol', '@bob', 1n],
      from: 'bob',
      revert: 'ERC721InsufficientApproval',
    },
    { call: 'nft.setApprovalForAll', args: ['@bob', true], from: 'carol' },
    { call: 'nft.isApprovedForAll', args: ['@carol', '@bob'], returns: true },
    {
      call: 'nft.safeTransferFrom(address,address,uint256,bytes)',
      args: ['@carol', '@holder', 1n, '0xabcd'],
      from: 'bob',
    },
    { call: 'nft.balanceOf', args: ['@holder'], returns: 2n },
    { call: 'nft.balanceOf', args: [ZERO], revert: 'ERC721InvalidOwner' },
    { call: 'nft.mint', args: ['@bob', MAX] },
    { call: 'nft.burn', args: [MAX], from: 'alice', revert: 'ERC721InsufficientApproval' },
    { call: 'nft.burn', args: [MAX], from: 'bob' },
    { call: 'nft.ownerOf', args: [MAX], revert: 'ERC721NonexistentToken' },
    { call: 'nft.supportsInterface', args: ['0x80ac58cd'], returns: true },
    { call: 'nft.supportsInterface', args: ['0xffffffff'], returns: false },
  ],
};

export const ERC1155: Life = {
  name: 'ERC-1155',
  steps: [
    { deploy: 'LifeMulti', as: 'multi', args: ['@owner'] },
    { deploy: 'LifeHolder', as: 'holder' },
    { deploy: 'LifeToken', as: 'token', args: ['@owner'] },
    { call: 'multi.uri', args: [7n], returns: 'https://life.example/{id}' },
    { call: 'multi.mint', args: ['@alice', 1n, 500n, '0x'] },
    { call: 'multi.mint', args: ['@holder', 1n, 5n, '0x01'] },
    { call: 'multi.mint', args: ['@token', 1n, 5n, '0x'], revert: 'ERC1155InvalidReceiver' },
    {
      call: 'multi.mintBatch',
      args: ['@alice', [1n, 2n, 3n, 2n], [10n, 20n, 30n, 1n], '0x'],
    },
    {
      call: 'multi.mintBatch',
      args: ['@alice', [1n], [], '0x'],
      revert: 'ERC1155InvalidArrayLength',
    },
    { call: 'multi.balanceOf', args: ['@alice', 2n], returns: 21n },
    {
      call: 'multi.balanceOfBatch',
      args: [
        ['@alice', '@holder', '@bob'],
        [1n, 1n, 1n],
      ],
      returns: [510n, 5n, 0n],
    },
    { call: 'multi.totalSupply(uint256)', args: [1n], returns: 515n },
    { call: 'multi.safeTransferFrom', args: ['@alice', '@bob', 1n, 100n, '0x'], from: 'alice' },
    {
      call: 'multi.safeTransferFrom',
      args: ['@alice', '@bob', 1n, 411n, '0x'],
      from: 'alice',
      revert: 'ERC1155InsufficientBalance',
    },
    {
      call: 'multi.safeTransferFrom',
      args: ['@alice', '@bob', 1n, 1n, '0x'],
      from: 'bob',
      revert: 'ERC1155MissingApprovalForAll',
    },
    { call: 'multi.setApprovalForAll', args: ['@bob', true], from: 'alice' },
    {
      call: 'multi.safeBatchTransferFrom',
      args: ['@alice', '@holder', [1n, 2n, 3n], [10n, 21n, 0n], '0xffee'],
      from: 'bob',
    },
    {
      call: 'multi.safeBatchTransferFrom',
      args: ['@alice', ZERO, [1n], [1n], '0x'],
      from: 'bob',
      revert: 'ERC1155InvalidReceiver',
    },
    { call: 'multi.balanceOf', args: ['@alice', 1n], returns: 400n },
    { call: 'multi.exists', args: [4n], returns: false },
  ],
};

export const ERC4626: Life = {
  name: 'ERC-4626',
  steps: [
    { deploy: 'LifeToken', as: 'token', args: ['@owner'] },
    { deploy: 'LifeVault', as: 'vault', args: ['@token'] },
    { call: 'token.mint', args: ['@alice', 10_000n] },
    { call: 'token.mint', args: ['@bob', 10_000n] },
    {
      call: 'vault.deposit',
      args: [100n, '@alice'],
      from: 'alice',
      revert: 'ERC20InsufficientAllowance',
    },
    { call: 'token.approve', args: ['@vault', MAX], from: 'alice' },
    { call: 'token.approve', args: ['@vault', 5000n], from: 'bob' },
    { call: 'vault.deposit', args: [1000n, '@alice'], from: 'alice', returns: 1000n },
    { call: 'token.mint', args: ['@vault', 333n], note: 'yield' },
    { call: 'vault.previewDeposit', args: [1000n] },
    { call: 'vault.mint', args: [500n, '@bob'], from: 'bob' },
    { call: 'vault.convertToAssets', args: [777n] },
    { call: 'vault.withdraw', args: [200n, '@carol', '@alice'], from: 'alice' },
    {
      call: 'vault.withdraw',
      args: [99_999n, '@alice', '@alice'],
      from: 'alice',
      revert: 'ERC4626ExceededMaxWithdraw',
    },
    {
      call: 'vault.redeem',
      args: [10n, '@carol', '@bob'],
      from: 'carol',
      revert: 'ERC20InsufficientAllowance',
    },
    { call: 'vault.approve', args: ['@carol', 10n], from: 'bob' },
    { call: 'vault.redeem', args: [10n, '@carol', '@bob'], from: 'carol' },
    {
      call: 'vault.redeem',
      args: [491n, '@bob', '@bob'],
      from: 'bob',
      revert: 'ERC4626ExceededMaxRedeem',
    },
    { call: 'vault.redeem', args: [490n, '@bob', '@bob'], from: 'bob' },
    { call: 'vault.totalAssets' },
    { call: 'token.balanceOf', args: ['@carol'] },
    { call: 'vault.maxDeposit', args: ['@alice'], returns: MAX },
  ],
};

/** The arguments of `permit`, signed by alice. */
function permitArguments(value: bigint, nonce: bigint, deadline: bigint, spoil: boolean) {
  return (life: Living): unknown => {
    const payload = TypedData.getSignPayload({
      domain: {
        name: 'Votes',
        version: '1',
        chainId: 1n,
        verifyingContract: life.addressOf('votes'),
      },
      types: {
        Permit: [
          { name: 'owner', type: 'address' },
          { name: 'spender', type: 'address' },
          { name: 'value', type: 'uint256' },
          { name: 'nonce', type: 'uint256' },
          { name: 'deadline', type: 'uint256' },
        ],
      },
      primaryType: 'Permit',
      message: {
        owner: life.addressOf('alice'),
        spender: life.addressOf('bob'),
        value,
        nonce,
        deadline,
      },
    });
    const { r, s, yParity } = Secp256k1.sign({ payload, privateKey: privateKeyOf('alice') });
    const word = (part: bigint) => `0x${part.toString(16).padStart(64, '0')}`;
    const signed = [27 + (yParity ?? 0), word(BigInt(r)), word(spoil ? BigInt(s) ^ 1n : BigInt(s))];
    return [life.addressOf('alice'), life.addressOf('bob'), value, deadline, ...signed];
  };
}

const DEADLINE = 1_800_000_000n;

export const PERMIT: Life = {
  name: 'ERC-2612',
  steps: [
    { deploy: 'LifeVotes', as: 'votes', args: ['@alice', 1000n] },
    {
      call: 'votes.permit',
      args: permitArguments(300n, 0n, DEADLINE, true) as never,
      from: 'bob',
      revert: 'ERC2612InvalidSigner',
    },
    {
      call: 'votes.permit',
      args: permitArguments(300n, 0n, DEADLINE, false) as never,
      from: 'bob',
    },
    {
      call: 'votes.permit',
      args: permitArguments(300n, 0n, DEADLINE, false) as never,
      from: 'bob',
      revert: 'ERC2612InvalidSigner',
      note: 'the nonce is used',
    },
    {
      call: 'votes.permit',
      args: permitArguments(300n, 1n, 5n, false) as never,
      from: 'bob',
      revert: 'ERC2612ExpiredSignature',
    },
    { call: 'votes.allowance', args: ['@alice', '@bob'], returns: 300n },
    { call: 'votes.transferFrom', args: ['@alice', '@carol', 300n], from: 'bob' },
    { call: 'votes.nonces', args: ['@alice'], returns: 1n },
    { call: 'votes.DOMAIN_SEPARATOR' },
    { call: 'votes.eip712Domain' },
  ],
};

export const TOKEN_LIVES: readonly Life[] = [ERC20, ERC721, ERC1155, ERC4626, PERMIT];
