/** The room of ways: a way through a check replayed, tried otherwise, made shorter, and written as a token. */
export { minimise } from './minimise.js';
export { findRace, type Race } from './race.js';
export { Replay, replayPath, type ReplayedStep, type Way } from './replay.js';
export { parseToken, replayToken, systemOf, TokenError, tokenOf, type Replayed, type Token } from './token.js';
