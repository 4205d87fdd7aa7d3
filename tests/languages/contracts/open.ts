/** Values that others read, structures, arrays and several results. */
import {
  type Address,
  Contract,
  type Event,
  type Indexed,
  type Mapping,
  msg,
  pure,
  Remote,
  Results,
  remote,
  Struct,
  self,
  u256,
  type Value,
  view,
} from 'lockstep/contract';

class Point extends Struct {
  constructor(
    readonly x: i32,
    readonly y: i32,
  ) {
    super();
  }
}

class Note extends Struct {
  text!: Uint8Array;
  times!: Array<u64>;
  at!: Point;
}

class Pair extends Results {
  constructor(
    readonly first: Address,
    readonly second: u256,
  ) {
    super();
  }
}

class Counted extends Results {
  constructor(
    readonly back: Array<Point>,
    readonly count: u256,
  ) {
    super();
  }
}

class Again extends Results {
  count!: u256;
  back!: Array<Point>;
}

class Nested extends Results {
  last!: bool;
  all!: Array<Array<u256>>;
}

class Other extends Remote {
  @pure points(_path: Array<Point>): Counted {
    return remote();
  }
}

declare function Moved(by: Indexed<Address>, path: Array<Point>, note: Note): Event;
declare function Bad(notes: Array<Note>, at: Point, codes: Array<u8>): Error;

export class Open extends Contract {
  readonly name: string = 'Open; "really"';
  readonly decimals: u8 = 18;
  readonly cap: u256 = u256.from(1_000_000) * u256.from(10) ** u256.from(this.decimals);

  total: u256 = u256.from(7);
  owner!: Value<Address>;
  marks!: Mapping<Address, Mapping<string, u64>>;

  deploy(): void {
    this.owner.set(msg.sender);
  }

  @pure pair(a: u256, b: Address): Pair {
    return new Pair(b, a);
  }

  @pure points(path: Array<Point>): Counted {
    return new Counted(path.slice().reverse(), u256.from(path.length));
  }

  @view again(path: Array<Point>): Again {
    const other = new Other(self()).points(path);
    const again = new Again();
    again.count = other.count;
    again.back = other.back;
    return again;
  }

  @pure notes(all: Array<Note>): Array<Note> {
    return all;
  }

  @pure texts(all: Array<Uint8Array>): Array<Uint8Array> {
    return all;
  }

  @pure nested(all: Array<Array<u256>>, last: bool): Nested {
    const nested = new Nested();
    nested.last = last;
    nested.all = all;
    return nested;
  }

  @pure bad(note: Note, at: Point): void {
    throw Bad([note, note], at, [1, 2, 3]);
  }

  moved(path: Array<Point>, note: Note): void {
    Moved(msg.sender, path, note).emit();
  }

  mark(key: string): void {
    this.marks[msg.sender][key] = 3;
    this.total = this.cap;
  }
}
