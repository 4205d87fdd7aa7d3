/** What is compiled for BLS12-381. */
export { verifyProof } from './kzg';
export { mapToPoint } from './map';
export { addPoints, multiply, OUTPUT, pairing, reserve } from './operations';
