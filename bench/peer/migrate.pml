/*
 * The two-register MSI update with migration between two CPUs (model.ts beside this file) in Promela, step for step: every
 * transition here is one step of irqlab and the other way round, and so are the reachable states, without any reduction.
 *
 *   spin -DDEVICES=2 -DRAISES=2 -DMOVES=1 -a migrate.pml && gcc -O3 -DSAFETY -DNOREDUCE -o pan pan.c && ./pan
 *
 * -DDIRECT: the message is rewritten at once, address before data. What keeps the states equal:
 * - a d_step, or an expression on its own, is a step; its first statement says when it is enabled. `skip` is a step whose
 *   effect (on the ISR, on a register) the location behind it says.
 * - what a location, `op` or another variable says already is not stored twice: program counters, phases of config
 *   accesses, the ISR (from the acknowledge to the EOI of its handler), registers of the threads.
 * - variables that are dead are 0, and a device's messages are a packed list in order of emission: one content, one form.
 */
#ifndef DEVICES
#define DEVICES 2
#endif
#ifndef RAISES
#define RAISES 2 /* of each device */
#endif
#ifndef MOVES
#define MOVES 1 /* of each irq: to CPU 1, back, ... */
#endif
#if DEVICES > 4 || RAISES > 6
#error "at most 4 devices with 6 raises each: what the packed tables and lists hold"
#endif

#define BIT(n) (1 << (n))
#define LOWEST(x) ((x) & -(x))

/* Vectors, the higher the more urgent: irq i has 2*i on CPU 0 and 2*i+1 on CPU 1. */
#define VECTOR(i, c) (2 * (i) + (c))
#define HIGHEST(x) \
  ((x) > 15 -> ((x) > 63 -> ((x) > 127 -> 7 : 6) : ((x) > 31 -> 5 : 4)) : ((x) > 3 -> ((x) > 7 -> 3 : 2) : ((x) > 1 -> 1 : 0)))

/* Vector tables, two bits a slot. IRQ: the irq whose vector it is. */
#define UNUSED 0
#define RETRIGGERED 1
#define IRQ 2
#if DEVICES == 1
byte table[2] = { 2, 0 };
#elif DEVICES == 2
byte table[2] = { 34, 0 };
#elif DEVICES == 3
short table[2] = { 546, 0 };
#else
int table[2] = { 8738, 0 };
#endif
#define SLOT(c, v) ((table[c] >> (2 * (v))) & 3)
#define SET_SLOT(c, v, value) table[c] = (table[c] & ~(3 << (2 * (v)))) | ((value) << (2 * (v)))

/* LAPICs and interrupt flags. */
byte irr[2];
bit on[2] = 1;
/* The thread of CPU c goes on with IF=1: no handler runs, and none is about to begin (prompt recognition). */
#define RUNS(c) (on[c] && !irr[c])

/* Devices, a bit each: raised and not sampled; an event is owed; MSI address (CPU 0 or 1) and data (vector of CPU 0 or 1). */
byte condition;
byte owed;
byte address;
byte data;
byte left[DEVICES] = RAISES;

/* Messages in flight, per device, the oldest lowest, five bits each: there, behind the root complex, to CPU 1, with the
 * vector of CPU 1, marked by a config access or mdelay that waits for it. */
int flight[DEVICES];
#define THERE 34636833 /* 2^0 + 2^5 + ... + 2^25: a bit of each of six messages */
#define MARK (THERE << 4)
#define MARK_ALL(d) flight[d] = flight[d] | ((flight[d] & THERE) << 4)
#define FREE(d) LOWEST(THERE & ~flight[d])
#define BEFORE_ROOT(d) LOWEST(flight[d] & THERE & ~(flight[d] >> 1))
#define FIRST_TO_0(d) LOWEST(flight[d] & THERE & ~(flight[d] >> 2))
#define FIRST_TO_1(d) LOWEST(flight[d] & THERE & (flight[d] >> 2))
/* An IPI in flight: its vector + 1, and 16 if it is marked. The mdelay of a move lets it land before the next move. */
byte ipi;
#define IPI_VECTOR ((ipi & 15) - 1)

/* Kernel: desc_lock, a bit per irq; moves that have ended; whether the next one runs already. */
byte lock;
byte op;
bit open;
#define IRQ_OF_OP (op % DEVICES)
#define CPU_OF_OP ((op / DEVICES) & 1)

#if DEVICES == 1
#define FLYING flight[0]
#elif DEVICES == 2
#define FLYING (flight[0] | flight[1])
#elif DEVICES == 3
#define FLYING (flight[0] | flight[1] | flight[2])
#else
#define FLYING (flight[0] | flight[1] | flight[2] | flight[3])
#endif

/* no-loss: nothing is on its way and nobody is at work (or a thread has no more to do than to end), yet an event is owed. Only
 * the end of a handler or thread leads there, so only they look. */
#define LOST (owed && on[0] && on[1] && !open && !condition && !FLYING && !ipi && !irr[0] && !irr[1])

/* The threads come first: _pid is their CPU. Each moves the irqs that are on its CPU, in the order of the operations. */
#define ME _pid
#define OTHER (1 - _pid)
#define NEW VECTOR(IRQ_OF_OP, OTHER)

/* Config writes: they take effect, and complete when what the device had sent by then has reached the IRR. */
#define COMPLETED !(flight[IRQ_OF_OP] & MARK)
inline write_address(cpu) {
  d_step { address = (address & ~BIT(IRQ_OF_OP)) | ((cpu) << IRQ_OF_OP); MARK_ALL(IRQ_OF_OP) };
  COMPLETED
}
inline write_data(cpu) {
  d_step { data = (data & ~BIT(IRQ_OF_OP)) | ((cpu) << IRQ_OF_OP); MARK_ALL(IRQ_OF_OP) };
  COMPLETED
}

/* An mdelay begins: it will have ended when everything that flies now has arrived. */
inline mark_everything() {
  MARK_ALL(0);
#if DEVICES > 1
  MARK_ALL(1);
#endif
#if DEVICES > 2
  MARK_ALL(2);
#endif
#if DEVICES > 3
  MARK_ALL(3);
#endif
  ipi = (ipi -> ipi | 16 : 0)
}

active [2] proctype migrate() {
end:
  do
  :: d_step { !open && op < MOVES * DEVICES && CPU_OF_OP == ME -> open = 1 };
    d_step { RUNS(ME) -> on[ME] = 0 };
    d_step { !(lock & BIT(IRQ_OF_OP)) -> lock = lock | BIT(IRQ_OF_OP) };
    d_step { SET_SLOT(OTHER, NEW, IRQ) };
#ifndef DIRECT
    d_step { SET_SLOT(ME, NEW, RETRIGGERED) };
    write_address(ME);
    write_data(OTHER);
#endif
    write_address(OTHER);
    write_data(OTHER);
#ifndef DIRECT
    if
    :: irr[ME] & BIT(NEW) -> d_step { ipi = NEW + 1 }
    :: !(irr[ME] & BIT(NEW))
    fi;
#endif
    d_step { lock = lock & ~BIT(IRQ_OF_OP) };
    d_step { on[ME] = 1 };
    d_step { RUNS(ME) -> mark_everything() };
    RUNS(ME) && !(FLYING & MARK) && !(ipi & 16);
    d_step { RUNS(ME) -> SET_SLOT(ME, VECTOR(IRQ_OF_OP, ME), UNUSED) };
#ifndef DIRECT
    d_step { RUNS(ME) -> SET_SLOT(ME, NEW, UNUSED) };
#endif
    d_step { RUNS(ME) -> open = 0; op++ };
    d_step { RUNS(ME) -> assert(!LOST) }
  od
}
#undef ME

/* Interrupts: acknowledge, vector table, handler. */
#define ME (_pid - 2)
active [2] proctype interrupt() {
  byte v;
end:
  do
  :: d_step { on[ME] && irr[ME] -> on[ME] = 0; v = HIGHEST(irr[ME]); irr[ME] = irr[ME] & ~BIT(v) };
    if
    :: SLOT(ME, v) == IRQ ->
      d_step { !(lock & BIT(v / 2)) -> lock = lock | BIT(v / 2) };
      skip; /* EOI */
      d_step { lock = lock & ~BIT(v / 2) };
      d_step { owed = owed & ~BIT(v / 2); v = 0 }
    :: SLOT(ME, v) == UNUSED ->
      skip; /* EOI */
      d_step { assert(false); v = 0 } /* no-stray */
    :: SLOT(ME, v) == RETRIGGERED ->
      skip; /* EOI */
      d_step { SET_SLOT(ME, v, UNUSED); v = 0 }
    fi;
    d_step { on[ME] = 1; assert(!LOST) }
  od
}

/* A device: it raises, samples both registers in one instant; its messages reach the root complex in order, and the LAPICs,
 * in order as far as they go to the same one. */
#define SAMPLED(d) (FREE(d) | (((address >> d) & 1) * (FREE(d) << 2)) | (((data >> d) & 1) * (FREE(d) << 3)))
#define VECTOR_OF(d, message) VECTOR(d, ((flight[d] & (message << 3)) -> 1 : 0))
#define WITHOUT(d, message) ((flight[d] & (message - 1)) | ((flight[d] >> 5) & ~(message - 1)))
#define LAND(d, cpu, message) \
  d_step { flight[d] & (message << 1) -> irr[cpu] = irr[cpu] | BIT(VECTOR_OF(d, message)); flight[d] = WITHOUT(d, message) }
#define DEVICE(d) \
  :: d_step { left[d] && !(condition & BIT(d)) -> left[d]--; condition = condition | BIT(d); owed = owed | BIT(d) } \
  :: d_step { condition & BIT(d) -> condition = condition & ~BIT(d); flight[d] = flight[d] | SAMPLED(d) } \
  :: d_step { BEFORE_ROOT(d) -> flight[d] = flight[d] | (BEFORE_ROOT(d) << 1) } \
  :: LAND(d, 0, FIRST_TO_0(d)) \
  :: LAND(d, 1, FIRST_TO_1(d))

active proctype devices() {
end:
  do
  DEVICE(0)
#if DEVICES > 1
  DEVICE(1)
#endif
#if DEVICES > 2
  DEVICE(2)
#endif
#if DEVICES > 3
  DEVICE(3)
#endif
  :: d_step { ipi -> irr[IPI_VECTOR & 1] = irr[IPI_VECTOR & 1] | BIT(IPI_VECTOR); ipi = 0 }
  od
}
