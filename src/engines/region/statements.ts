/** Statements of a region: what has an effect, and how paths end. */
import type { Node } from './graph.ts';
import type { Wide } from './wide.ts';

/** A word whose address a runtime function gets, or a number. */
export type Argument =
  | { readonly wide: Wide }
  | { readonly number: number }
  | { readonly node: Node };

export type Statement =
  /** The checks at the entry of a block; heights where they are not implied by earlier ones. */
  | {
      readonly kind: 'enter';
      readonly gas: number;
      readonly low: number | undefined;
      readonly high: number | undefined;
      readonly steps: number;
    }
  /** Makes sure that the memory covers a word. */
  | { readonly kind: 'cover'; readonly offset: Wide }
  /** Reads the word at a covered offset to four locals, from the index on. */
  | { readonly kind: 'load'; readonly offset: Wide; readonly result: number }
  | { readonly kind: 'store'; readonly offset: Wide; readonly value: Wide }
  /** Reads a word from a region that has zeros behind its end. */
  | {
      readonly kind: 'loadZero';
      readonly region: number;
      readonly offset: Wide;
      readonly result: number;
    }
  /** A function of the kernel over words, with a result. */
  | {
      readonly kind: 'compute';
      readonly name: string;
      readonly args: readonly Argument[];
      /** Which of the words for results gets it. */
      readonly result: number;
    }
  /** A function of the module over limbs of words; its four results go to locals from the index. */
  | {
      readonly kind: 'apply';
      readonly name: string;
      readonly args: readonly Argument[];
      readonly result: number;
    }
  /** A function of the kernel that charges: it gives the gas left, or minus a trap. */
  | {
      readonly kind: 'charge';
      readonly name: string;
      /** Behind the frame. */
      readonly args: readonly Argument[];
      readonly result: number;
      /** Where among the arguments the address of the result stands. */
      readonly resultAt: number | undefined;
      /** Gas of the block that is charged already but comes after the operation. */
      readonly rest: number;
      readonly hasFrame: boolean;
      readonly growsMemory: boolean;
    }
  | { readonly kind: 'gasLeft'; readonly result: number; readonly rest: number }
  | { readonly kind: 'memorySize'; readonly result: number };

/** The window as a path leaves it. */
export interface Leave {
  /** Values by height, ascending. */
  readonly writes: readonly (readonly [height: number, value: Wide])[];
  readonly top: number;
}

/** A block that a path goes on at, and the place of its function among those of the module. */
export interface Exit {
  readonly target: number;
  readonly version: number | undefined;
}

export type End =
  | { readonly kind: 'block'; readonly block: RegionBlock }
  | {
      readonly kind: 'branch';
      readonly condition: Node;
      readonly yes: RegionBlock;
      readonly no: RegionBlock;
    }
  /** A branch of which both ways leave the region, with the same window. */
  | ({
      readonly kind: 'fork';
      readonly condition: Node;
      readonly yes: Exit;
      readonly no: Exit;
    } & Leave)
  | ({ readonly kind: 'loop' } & Leave)
  | ({ readonly kind: 'goto' } & Exit & Leave)
  | ({ readonly kind: 'dispatch'; readonly target: Wide } & Leave)
  | ({ readonly kind: 'suspend'; readonly host: number; readonly next: number } & Leave)
  | {
      readonly kind: 'finish';
      readonly isRevert: boolean;
      readonly offset: Wide;
      readonly size: Wide;
    }
  | { readonly kind: 'stop' }
  | { readonly kind: 'trap'; readonly trap: number };

export interface RegionBlock {
  readonly statements: readonly Statement[];
  readonly end: End;
}
