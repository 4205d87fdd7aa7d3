/** What a style rule reports. */
export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}
