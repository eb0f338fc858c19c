/**
 * A small interpreter of assembled programs for tests: private instructions, loads, stores and fetchAdd, with the stopping
 * rule of the sequencer. At every place where a context may stand, registers are treated as an image would: dead ones are
 * overwritten, live ones are cut to their bits.
 */
import { InsnFlag, Op, Operand, VarWord } from '../../assembly/state/abi/instructions.js';
import { decode, type Declarations, type MachineSize, type Program } from '../../src/kernel/index.js';

export const size: MachineSize = { cpus: 3, irqs: 5, devices: 4, vectors: 256, vectorLo: 0x20, vectorHi: 0x24 };

export interface Outcome {
  readonly memory: number[][];
  /** instructions at which the context stood */
  readonly stops: number[];
  readonly registers: number[];
}

export function run(program: Program, declarations: Declarations, entry: string, args: readonly number[] = [], self = 1): Outcome {
  const { words } = declarations.variableTable(size);
  const word = (slot: number, which: number): number => words[slot * VarWord.words + which] ?? 0;
  const memory = program.variables.map((_, slot) => Array.from({ length: word(slot, VarWord.dim0) * word(slot, VarWord.dim1) }, () => 0));
  const registers = Array.from({ length: 8 }, (_, r) => args[r] ?? 0xabad1dea);
  const frames: number[] = [];
  const stops: number[] = [];
  let pc = program.entries.get(entry) ?? 0;
  let observed = true;
  let joined = false;

  const stand = (): void => {
    stops.push(pc);
    for (let r = 0; r < 8; r++) {
      let bits = 0;
      // joined bit by bit, as the core does
      for (const at of [pc, ...frames]) bits |= program.live[at * 8 + r] ?? 0;
      if (bits > 32) throw new Error(`r${r} has ${bits} bits at ${pc}`);
      const value = registers[r] ?? 0;
      registers[r] = bits === 0 ? (0xdead0000 | stops.length) >>> 0 : bits === 32 ? value : value & (2 ** bits - 1);
    }
  };

  for (let budget = 200_000; budget > 0; budget--) {
    const insn = decode(program.code, pc);
    const stop = insn.op >= Op.firstObservable || (insn.flags & InsnFlag.joined) !== 0;
    if (stop && observed && !joined) stand();
    if (stop) observed = true;
    joined = (insn.flags & InsnFlag.joined) !== 0;
    const value = (which: number, imm: number): number =>
      which < 8 ? (registers[which] ?? 0) : which === Operand.self ? self : which === Operand.imm ? imm : 0;
    const set = (result: number): void => {
      // nobody reads the result
      if (insn.a === Operand.none) return;
      if (insn.a >= 8) throw new Error(`instruction ${pc} writes operand ${insn.a}`);
      registers[insn.a] = result >>> 0;
    };
    const cell = (): [number[], number] => {
      const index = value(insn.b, 0) * word(insn.slot, VarWord.dim1) + value(insn.c, 0);
      const array = memory[insn.slot];
      if (!array || index >= array.length) throw new Error(`index ${index} out of range at ${pc}`);
      return [array, index];
    };
    const fit = (result: number): number => {
      const bits = word(insn.slot, VarWord.bits);
      return bits === 32 ? result >>> 0 : result & (2 ** bits - 1);
    };
    const x = value(insn.c, insn.imm);
    const y = value(insn.b, insn.w2);
    const a = value(insn.a, 0);
    pc++;
    switch (insn.op) {
      case Op.nop:
        break;
      case Op.move:
        set(x);
        break;
      case Op.add:
        set(y + x);
        break;
      case Op.sub:
        set(y - x);
        break;
      case Op.and:
        set(y & x);
        break;
      case Op.or:
        set(y | x);
        break;
      case Op.xor:
        set(y ^ x);
        break;
      case Op.shl:
        set(y << (x & 31));
        break;
      case Op.shr:
        set(y >>> (x & 31));
        break;
      case Op.jump:
        pc = insn.imm;
        break;
      case Op.jumpEq:
        if (a === y) pc = insn.imm;
        break;
      case Op.jumpNe:
        if (a !== y) pc = insn.imm;
        break;
      case Op.jumpLt:
        if (a < y) pc = insn.imm;
        break;
      case Op.jumpGe:
        if (a >= y) pc = insn.imm;
        break;
      case Op.call:
        if (frames.push(pc) > 8) throw new Error('too deep');
        pc = insn.imm;
        break;
      case Op.ret:
        pc = frames.pop() ?? -1;
        break;
      case Op.load: {
        const [array, index] = cell();
        set(array[index] ?? 0);
        break;
      }
      case Op.store: {
        const [array, index] = cell();
        array[index] = fit(value(insn.a, insn.imm));
        break;
      }
      case Op.fetchAdd: {
        const [array, index] = cell();
        array[index] = fit((array[index] ?? 0) + insn.imm);
        set(array[index] ?? 0);
        break;
      }
      case Op.lock:
      case Op.unlock:
        break;
      case Op.end:
      case Op.iret:
        return { memory, stops, registers };
      default:
        throw new Error(`instruction ${pc - 1} (${Op[insn.op]}) is beyond this machine`);
    }
  }
  throw new Error('runaway');
}
