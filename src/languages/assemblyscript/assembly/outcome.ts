/** Events and errors that are ready to leave the contract. */
import { Writer } from './abi';
import { emitLogEvent, revert } from './env';
import { Bytes32 } from './words';

/** An event with its values. */
export class Event {
  constructor(
    private readonly data: Writer,
    private readonly topicCount: i32,
    private readonly topic1: Bytes32,
    private readonly topic2: Bytes32 | null = null,
    private readonly topic3: Bytes32 | null = null,
    private readonly topic4: Bytes32 | null = null,
  ) {}

  /** Writes the event to the log. */
  emit(): void {
    emitLogEvent(
      this.data.start,
      this.data.length,
      this.topicCount,
      changetype<usize>(this.topic1),
      changetype<usize>(this.topic2),
      changetype<usize>(this.topic3),
      changetype<usize>(this.topic4),
    );
  }
}

/** A custom error with its values. */
export class CustomError {
  constructor(private readonly data: Writer) {}

  /** Undoes what the call did, and ends it with this error. */
  revert(): void {
    revert(this.data.start, this.data.length);
    unreachable();
  }
}
