/** Engines by name, for who only names them. */

/** Each of them alone. */
export const ENGINES = ['interpreter', 'singlepass', 'multipass'] as const;

/**
 * What a machine can be asked for: an engine, `auto` for the one that is best at the time, or
 * `chaos`, which changes them at random.
 */
export const ENGINE_NAMES = [...ENGINES, 'auto', 'chaos'] as const;

export type EngineName = (typeof ENGINE_NAMES)[number];
