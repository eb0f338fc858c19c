/** What Linux's own data promise of each other (linux.md 2.1), beyond what the checker asks of every model. */
import type { OwnProperty } from '../../index.js';

export const invariants: readonly OwnProperty[] = [];
