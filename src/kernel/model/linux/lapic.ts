/**
 * What a CPU that goes or comes does with its LAPIC, access by access as recorded (linux.md 2.8 d8, 2.9). All but SVR and TPR turns on
 * local lines, errors and a clock, which a check does not have: accesses to them are no steps of their own.
 */
import type { Builder, Reg } from '../../index.js';

const SVR_DISABLED = 0xff;
const SVR_ENABLED = 0x1ff;

/** Entries of the local vector table: masked; local timer, error, ExtINT, NMI (linux.md 2.2). */
const MASKED = 0x10000;
const TIMER = 0xec;
const ERROR = 0xfe;
const EXT_INT = 0x700;
const NMI = 0x400;
/** By 16 (TDCR). */
const DIVIDE = 3;
/** Words of IRR and ISR. */
const WORDS = 8;

/**
 * Between INIT and SIPI: the wait until the ICR is idle and udelay(10), in one. IPIs have no order (design 3), so where
 * delivery is unbounded the SIPI may overtake the INIT and the CPU never comes up.
 */
const INIT_DELAY = 30_000;

/** Cleared, and read so that it shows what came since. */
function clearErrors(b: Builder): void {
  b.lapicLocal('esr', 0);
  b.lapicLook('esr');
}

/** clear_local_APIC. In line: the step is called after what its caller does with it. */
function clearLocal(b: Builder): void {
  b.lapicLook('version');
  b.lapicLocal('lvtError', MASKED | ERROR);
  for (const [entry, value] of [
    ['lvtTimer', TIMER],
    ['lvtLint0', EXT_INT],
    ['lvtLint1', NMI],
    ['lvtPerfmon', 0],
    ['lvtThermal', 0],
  ] as const) {
    b.lapicLook(entry);
    b.lapicLocal(entry, MASKED | value);
  }
  for (const entry of ['lvtTimer', 'lvtLint0', 'lvtLint1', 'lvtError', 'lvtPerfmon'] as const) b.lapicLocal(entry, MASKED);
  clearErrors(b);
}

export const lapic = {
  /** Local lines are masked, and no more: the LAPIC goes on accepting. */
  maskLocal: (b: Builder): void => b.atomic(() => clearLocal(b), 'clear_local_APIC: local lines are masked'),

  softDisable: (b: Builder): void =>
    b.atomic(() => {
      clearLocal(b);
      b.lapicLook('svr');
      b.lapicWrite('svr', SVR_DISABLED, 'apic_soft_disable: the LAPIC accepts nothing any more');
    }, 'apic_soft_disable: the LAPIC accepts nothing any more'),

  /** Of a CPU that INIT has cleared. */
  setUp(b: Builder, tpr: number): void {
    b.atomic(() => {
      b.lapicLook('id');
      b.lapicLook('svr');
      b.lapicWrite('svr', SVR_DISABLED, 'the LAPIC stays disabled while it is set up');
    });
    b.atomic(() => {
      b.lapicLook('tpr');
      b.lapicWrite('tpr', tpr);
    });
    b.atomic(() => {
      // INIT has left nothing there
      for (const bank of ['irr', 'isr'] as const) for (let word = 0; word < WORDS; word++) b.lapicLook(bank, word);
      b.lapicLook('svr');
      b.lapicWrite('svr', SVR_ENABLED, 'the LAPIC accepts again');
    }, 'the LAPIC accepts again');
    b.atomic(() => {
      b.lapicLook('lvtLint0');
      b.lapicLocal('lvtLint0', MASKED | EXT_INT);
      b.lapicLocal('lvtLint1', MASKED | NMI);
      b.lapicLook('version');
      clearErrors(b);
      b.lapicLocal('lvtError', ERROR);
      clearErrors(b);
      b.lapicLook('id');
    }, 'setup_local_APIC: local lines');
  },

  setUpTimer: (b: Builder): void =>
    b.atomic(() => {
      b.lapicLook('lvtTimer');
      b.lapicLocal('lvtTimer', MASKED | TIMER);
      b.lapicLocal('lvtTimer', TIMER);
      b.lapicLook('divide');
      b.lapicLocal('divide', DIVIDE);
    }, 'setup_APIC_timer'),

  /** A second SIPI is for a CPU that missed the first. What lies between the two is not waited for. */
  wakeUp(b: Builder, cpu: Reg<'cpu'>): void {
    b.atomic(() => {
      clearErrors(b);
      b.lapicLook('version');
      b.lapicLook('version');
      clearErrors(b);
    }, 'wakeup_secondary_cpu_via_init');
    b.ipiInit(b.constant('apicId', cpu));
    b.delay(INIT_DELAY, 'udelay between INIT and SIPI');
    b.atomic(() => b.ipiInitDeassert(b.constant('apicId', cpu)), 'INIT de-assert');
    b.atomic(() => clearErrors(b), 'clears ESR');
    b.ipiSipi(b.constant('apicId', cpu));
    b.atomic(() => {
      clearErrors(b);
      clearErrors(b);
      b.ipiSipiAgain(b.constant('apicId', cpu));
      clearErrors(b);
    }, 'a second SIPI, which changes nothing');
  },
};
