/** Data as text, for keys of maps. */

/** The JSON text of plain data, whole numbers of any size included; equal data have equal texts. */
export function dataToText(data: unknown): string {
  return JSON.stringify(data, (_key, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  );
}
