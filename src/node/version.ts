/** The version that the node tells; a test compares it with that of the package. */
export const VERSION = '0.1.0';
export const CLIENT_VERSION: string = `lockstep/v${VERSION}`;
