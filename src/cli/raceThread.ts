/** A thread of `irqlab races`: one row after the other. */
import { decideRace, type Race } from '../races/index.js';
import { answerAll } from './threads.js';

answerAll<Race>(decideRace);
