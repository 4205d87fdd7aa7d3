/** What is compiled for bn254. */
export { addPoints, multiply, OUTPUT, pairing, reserve } from './operations';
