/** Every mistake is one sentence at the key or value that is wrong. */
import { describe, expect, test } from 'vitest';
import { diagnosticToJson, parseScenario } from '../../src/scenario/index.js';
import { minimal, mistakes } from './help.js';

/** Title, text behind the minimal scenario (from line 5), and what is said. */
const added: readonly (readonly [string, string, readonly string[]])[] = [
  ['an unknown key', 'paralel: true\n', ['5:1: unknown key "paralel"; did you mean "parallel"?']],
  ['an unknown key like no other', 'run: {colour: 3}\n', ['5:7: unknown key "colour"; expected repeat, seconds or seed']],
  ['yes for true', 'parallel: yes\n', ['5:11: expected true or false, got the text "yes"; use true or false']],
  [
    'a word for a number',
    'operations: [{offline: three}]\n',
    ['5:24: expected a whole number, got the text "three"; write a whole number from 0 to 4095'],
  ],
  ['a quoted number', 'run: {seed: "3"}\n', ['5:13: expected a whole number, got the text "3"; write 3 without quotes']],
  ['a fraction', 'run: {seed: 1.5}\n', ['5:13: expected a whole number, got the number 1.5; write a whole number from 0 to 4294967295']],
  [
    'a number out of range',
    'universe: {vectors: 186}\n',
    ['5:21: the number of vectors 186 is out of range; write a whole number from 1 to 185'],
  ],
  ['a number beyond all', 'run: {seed: 1e300}\n', ['5:13: seed 1e+300 is out of range; write a whole number from 0 to 4294967295']],
  ['no time', 'run: {seconds: 0}\n', ['5:16: 0 seconds is out of range; write more than 0']],
  ['an infinite time', 'run: {seconds: .inf}\n', ['5:16: expected a number of seconds, got the number Infinity; for example 60']],
  ['a key without a value', 'about:\n', ['5:1: expected a text, got nothing; for example about: what it shows']],
  ['a number for a text', 'about: 3\n', ['5:8: expected a text, got the number 3; write "3"']],
  ['a list for a mapping', 'behaviours: [1]\n', ['5:13: expected a mapping, got a list; for example {settleDelay: none}']],
  ['a mapping for a list', 'operations: {offline: 1}\n', ['5:13: expected a list, got a mapping; for example [{offline: 3}]']],
  ['an unknown choice', 'assumptions: {push: rc}\n', ['5:21: unknown value of push "rc"; write one of irr, root-complex or none']],
  ['a missing key', 'operations:\n  - move: {irq: 24}\n', ['6:5: the key "to" is missing; add to: [1]']],
  [
    'several missing keys',
    'timing:\n  cfg.write: {min: 1}\n',
    ['6:3: the key "default" is missing; add default: 7200', '6:3: the key "max" is missing; add max: 9000'],
  ],
  ['an unknown operation', 'operations:\n  - ofline: 1\n', ['6:5: unknown key "ofline"; did you mean "offline"?']],
  [
    'an empty operation',
    'operations: [{}]\n',
    [
      '5:14: an operation says nothing; write exactly one of offline, online, move, request, free, disable, enable, teardown, allocate, suspend, post, unpost, load, preempt, block, wake or pause',
    ],
  ],
  [
    'two operations in one',
    'operations:\n  - offline: 1\n    online: 1\n',
    [
      '6:5: an operation has 2 keys, offline and online; write exactly one of offline, online, move, request, free, disable, enable, teardown, allocate, suspend, post, unpost, load, preempt, block, wake or pause',
    ],
  ],
  [
    'no kind of timing value',
    'timing: {cfg.write: fast}\n',
    ['5:21: expected a number of cycles, got the text "fast"; for example 9000, or {min: 6000, default: 7200, max: 9000}'],
  ],
  [
    'timing bounds in the wrong order',
    'timing: {cfg.write: {min: 3, default: 2, max: 4}}\n',
    ['5:21: 3, 2, 4 are not in order; write min <= default <= max'],
  ],
  ['a duplicate key', 'name: b\n', ['5:1: the key "name" stands here a second time; keep one of them']],
  ['a duplicate key deep inside', 'run: {seed: 1, seed: 2}\n', ['5:16: the key "seed" stands here a second time; keep one of them']],
  ['an alias', 'about: *text\n', ['5:8: a scenario has no aliases such as "*text"; write the value out']],
  ['a tag', 'about: !secret text\n', ['5:16: the tag "!secret" has no meaning in a scenario; write the value without it']],
  ['a key that is no name', '1: 2\n', ['5:1: the number 1 cannot be a key; a key is a name such as version']],
  ['a key that is a list', '? [a]\n: 3\n', ['5:3: a list cannot be a key; a key is a name such as version']],
  ['a key that JavaScript knows', '__proto__: 3\n', ['5:1: the text "__proto__" cannot be a key; a key is a name such as version']],
  ['a CPU that does not exist', 'operations: [{offline: 7}]\n', ['5:24: CPU 7 does not exist; the machine has CPUs 0 and 1']],
  [
    'a CPU of a list that does not exist',
    'operations: [{move: {irq: 24, to: [0, 9]}}]\n',
    ['5:39: CPU 9 does not exist; the machine has CPUs 0 and 1'],
  ],
  ['a CPU twice in a list', 'operations: [{move: {irq: 24, to: [1, 1]}}]\n', ['5:39: CPU 1 stands in this list twice; write it once']],
  ['an irq that does not exist', 'operations: [{move: {irq: 25, to: [1]}}]\n', ['5:27: irq 25 does not exist; the devices have irq 24']],
  ['an empty list', 'operations: [{move: {irq: 24, to: []}}]\n', ['5:35: the list is empty; for example [0]']],
  [
    'the last CPU going offline',
    'operations: [{offline: 1}, {offline: 0}]\n',
    ['5:38: CPU 0 is the only one online and cannot go offline; bring another online before'],
  ],
  [
    'offline twice',
    'operations: [{offline: 1}, {offline: 1}]\n',
    ['5:38: CPU 1 is offline already; bring it online before, or leave this out'],
  ],
  ['online twice', 'operations: [{online: 1}]\n', ['5:23: CPU 1 is online already; take it offline before, or leave this out']],
  [
    'a move to CPUs that are offline then',
    'operations: [{offline: 1}, {move: {irq: 24, to: [1]}}]\n',
    ['5:49: no CPU of this list is online when the move begins; add one of CPU 0'],
  ],
  [
    'a request of what is requested',
    'operations: [{request: 24}]\n',
    ['5:24: irq 24 is requested already; free it before, or write requested: false where it is declared'],
  ],
  ['free twice', 'operations: [{free: 24}, {free: 24}]\n', ['5:33: irq 24 is not requested then; request it before']],
  ['an enable too many', 'operations: [{enable: 24}]\n', ['5:23: irq 24 is enabled already; disable it before, or leave this out']],
  ['an irq that nobody has', 'operations: [{disable: 25}]\n', ['5:24: irq 25 does not exist; the devices have irq 24']],
  ['no suspend', 'operations: [{suspend: false}]\n', ['5:24: expected true, got false; write suspend: true, or leave it out']],
  [
    'a suspend beside others',
    'operations: [{suspend: true}, {offline: 1}]\nparallel: true\n',
    ['5:24: nothing can go on in parallel with a suspend; leave out parallel'],
  ],
  [
    'irqs that are given back while a driver has one',
    'operations: [{teardown: nic}]\n',
    ['5:25: irq 24 is requested then; free it before'],
  ],
  ['and of a device that does not exist', 'operations: [{teardown: nix}]\n', ['5:25: there is no device "nix"; write one of nic']],
  [
    'irqs that are given back and asked for',
    'operations: [{free: 24}, {teardown: nic}, {request: 24}]\n',
    ['5:53: irq 24 is given back then; allocate nic before'],
  ],
  [
    'or moved',
    'operations: [{free: 24}, {teardown: nic}, {move: {irq: 24, to: [0]}}]\n',
    ['5:56: irq 24 is given back then; allocate nic before'],
  ],
  [
    'an allocation of what is there',
    'operations: [{allocate: nic}]\n',
    ['5:25: nic is allocated already; tear it down before, or leave this out'],
  ],
  [
    'a teardown beside others',
    'operations: [{free: 24}, {teardown: nic}]\nparallel: true\n',
    ['5:37: nothing can go on in parallel with a teardown; leave out parallel'],
  ],
  [
    'a loop that does not close',
    'operations: [{offline: 1}]\nrun: {repeat: true}\n',
    ['5:24: in the second round, CPU 1 is offline already; bring it online before, or leave this out'],
  ],
  [
    'no CPU that stays, in some order',
    'operations: [{offline: 1}, {online: 1}, {offline: 0}]\nparallel: true\n',
    ['5:51: in some order of these operations no CPU stays online; leave one of them online'],
  ],
];

describe('one mistake, one sentence', () => {
  test('the scenario that the others are made of is right', () => {
    expect(mistakes(minimal)).toEqual([]);
  });

  test.each(added)('%s', (_, text, said) => {
    expect(mistakes(minimal + text)).toEqual(said);
  });
});

/** Title, whole text, what is said. */
const whole: readonly (readonly [string, string, readonly string[]])[] = [
  ['an empty file', '', ['1:1: empty file; a scenario begins with version: 1']],
  ['nothing but a comment', '# later\n', ['1:1: empty file; a scenario begins with version: 1']],
  ['an empty document', '---\n', ['1:1: empty file; a scenario begins with version: 1']],
  ['a bracket that is not closed, in JSON', '{"version": 1', ['1:14: a bracket is not closed; add }']],
  ['a list', '- a\n', ['1:1: expected a mapping, got a list; for example version: 1']],
  ['one word', 'hello', ['1:1: expected a mapping, got the text "hello"; for example version: 1']],
  ['several documents', `${minimal}---\nname: b\n`, ['5:1: a second document begins here; one file holds one scenario']],
  [
    'a tab',
    `${minimal}run:\n\tseed: 1\n\tseconds: 2\n`,
    ['6:1: a tab indents this line; indent with spaces', '7:1: a tab indents this line; indent with spaces'],
  ],
  [
    'a bracket that is not closed',
    `${minimal}operations: [{offline: 1}\n`,
    ['6:1: a bracket is still open here; close it with ], or indent this line'],
  ],
  ['a quote that is not closed', `${minimal}about: "no end\n`, ['6:1: a text in quotes does not end; add the closing quote']],
  [
    'a mapping inside of a value',
    `${minimal}about: this: that\n`,
    ['5:8: a mapping begins inside of a value; begin it on a line of its own, or put the value in quotes'],
  ],
  ['a key without a colon', 'version 1\nname: a\n', ['1:1: this is no "key: value"; write a colon and a space behind the key']],
  ['a zero byte', 'version: 1\nna\0me: a\n', ['2:3: binary file (it holds a zero byte); a scenario is YAML in UTF-8']],
  [
    'another version',
    minimal.replace('version: 1', 'version: 2'),
    ['1:10: version is the number 2, this program reads version 1; write version: 1'],
  ],
  [
    'a name with blanks',
    minimal.replace('name: a', 'name: My Test'),
    ['2:7: "My Test" cannot be a name; use lower-case letters, digits and dashes, for example my-test'],
  ],
  [
    'hardly anything',
    'name: a\n',
    [
      '1:1: the key "version" is missing; add version: 1',
      '1:1: the key "machine" is missing; add machine: {cpus: 2}',
      '1:1: the key "devices" is missing; add devices: [{name: nic, irqs: [{irq: 24}]}]',
    ],
  ],
  [
    'an alias for a required value',
    minimal.replace('name: a', 'name: *a'),
    ['2:7: a scenario has no aliases such as "*a"; write the value out'],
  ],
];

describe('files that are no scenario', () => {
  test.each(whole)('%s', (_, text, said) => {
    expect(mistakes(text)).toEqual(said);
  });
});

/** A machine with these CPUs, and a device for each of the irqs, which semicolons part. */
function machine(cpus: string, irqs: string): string {
  const devices = irqs.split(';').map((irq, i) => `  - {name: d${i}, irqs: [${irq}]}\n`);
  return `version: 1\nname: a\nmachine:\n  cpus: ${cpus}\nuniverse: {vectors: 2}\ndevices:\n${devices.join('')}`;
}

describe('machine and devices', () => {
  test.each([
    [
      'two CPUs of one number',
      machine('[{cpu: 0}, {cpu: 0, apicId: 1}]', '{irq: 1}'),
      ['4:26: CPU 0 stands here a second time; every CPU has a number of its own'],
    ],
    [
      'two CPUs of one APIC id',
      machine('[{cpu: 0, apicId: 4}, {cpu: 1, apicId: 4}]', '{irq: 1}'),
      ['4:48: two CPUs have the APIC id 4; every CPU has an APIC id of its own'],
    ],
    [
      'an APIC id that is another CPU by default',
      machine('[{cpu: 0, apicId: 1}, {cpu: 1}]', '{irq: 1}'),
      ['4:37: two CPUs have the APIC id 1; every CPU has an APIC id of its own'],
    ],
    [
      'the broadcast id',
      machine('[{cpu: 0, apicId: 65535}]', '{irq: 1}'),
      ['4:27: APIC id 65535 is out of range; write a whole number from 0 to 65534'],
    ],
    [
      'no CPU online',
      machine('[{cpu: 0, online: false}]', '{irq: 1}'),
      ['4:9: no CPU is online at the start; leave out online: false for one of them'],
    ],
    [
      'neither count nor list',
      machine('many', '{irq: 1}'),
      [
        '4:9: expected a number of CPUs or a list of them, got the text "many"; for example 2, or [{cpu: 0, apicId: 0}, {cpu: 3, apicId: 6}]',
      ],
    ],
    ['too many CPUs', machine('4097', '{irq: 1}'), ['4:9: the number of CPUs 4097 is out of range; write a whole number from 1 to 4096']],
    [
      'a target that does not exist',
      machine('[{cpu: 0}, {cpu: 3}]', '{irq: 1, cpu: 7}'),
      ['7:37: CPU 7 does not exist; the machine has CPUs 0 and 3'],
    ],
    [
      'a target that is offline',
      machine('[{cpu: 0}, {cpu: 3, online: false}]', '{irq: 1, cpu: 3}'),
      ['7:37: irq 1 starts at CPU 3, which is offline at the start; write one of CPU 0'],
    ],
    [
      'a target outside of the affinity',
      machine('2', '{irq: 1, cpu: 1, affinity: [0]}'),
      ['7:37: irq 1 starts at CPU 1, which is not in its affinity; write one of CPU 0'],
    ],
    [
      'an affinity of offline CPUs',
      machine('[{cpu: 0}, {cpu: 3, online: false}]', '{irq: 1, affinity: [3]}'),
      ['7:42: no CPU of this affinity is online at the start; add one of CPU 0'],
    ],
    [
      'a vector outside of the universe',
      machine('2', '{irq: 1, vector: 0x23}'),
      ['7:40: vector 0x23 is outside of the universe; write 0x21 to 0x22, or more universe vectors'],
    ],
    [
      'a vector that none is',
      machine('2', '{irq: 1, vector: 0x121}'),
      ['7:40: vector 0x121 is out of range; write a whole number from 0x0 to 0xff'],
    ],
    [
      'two irqs on one vector of a CPU',
      machine('2', '{irq: 1, vector: 0x21};{irq: 2, vector: 0x21}'),
      ['8:40: vector 0x21 on CPU 0 is taken by irq 1; write another of 0x21 to 0x22'],
    ],
    [
      'more irqs than vectors',
      machine('2', '{irq: 1};{irq: 2};{irq: 3}'),
      ['9:23: no vector of the universe is free on CPU 0 for irq 3; raise universe vectors'],
    ],
    [
      'two irqs of one number',
      machine('2', '{irq: 1};{irq: 1}'),
      ['8:29: irq 1 stands here a second time; every irq has a number of its own'],
    ],
    ['a device without irq', machine('2', ''), ['7:22: the list is empty; for example [{irq: 122, cpu: 3}]']],
  ])('%s', (_, text, said) => {
    expect(mistakes(text)).toEqual(said);
  });

  test.each([
    ['more irqs than messages', 'vectors: 2', 3, '7:35: 3 irqs need a message each, and here are 2; write vectors: 4, or fewer irqs'],
    ['more irqs than MSI has messages', '', 33, '7:25: an MSI capability has at most 32 messages, and here are 33 irqs; write type: msix'],
    [
      'messages of MSI that are no power of two',
      'vectors: 3',
      2,
      '7:35: an MSI capability has 1, 2, 4, 8, 16 or 32 messages, not 3; write vectors: 2',
    ],
    [
      'more irqs than entries of MSI-X',
      'type: msix, vectors: 1',
      2,
      '7:47: 2 irqs need a message each, and here are 1; write vectors: 2, or fewer irqs',
    ],
    ['an address of MSI for MSI-X', 'type: msix, address64: true', 1, '7:49: address64 is for type: msi, not for msix; leave it out'],
    ['two irqs of an HPET', 'type: hpet', 2, '7:25: a device of type hpet has one message, and here are 2 irqs; write one irq'],
    ['a mask of MSI for MSI-X', 'type: msix, maskable: true', 1, '7:48: maskable is for type: msi, not for msix; leave it out'],
  ])('%s', (_, message, irqs, said) => {
    const list = Array.from({ length: irqs }, (__, i) => `{irq: ${i}}`).join(', ');
    expect(mistakes(machine('2', list).replace('name: d0', `name: d0, message: {${message}}`))[0]).toBe(said);
  });

  test('two devices of one name', () => {
    expect(mistakes(minimal.replace('devices: [', 'devices: [{name: nic, irqs: [{irq: 1}]}, '))).toEqual([
      '4:49: two devices are named "nic"; give one of them another name',
    ]);
  });
});

describe('several mistakes', () => {
  test('are all reported, in the order of the file, none twice', () => {
    const text = `version: 1
name: A
machine:
  cpus:
    - {cpu: 0, apicId: 0}
    - {cpu: 0, apicId: 0, onlin: no}
devices:
  - name: x
    kind: freee
    raises: 16
    interArrival: {us: []}
    irqs: [{irq: 1, cpu: 5, vector: 0x99}]
  - name: x
    message: {type: intx}
    interArrival: {us: [1], cycles: [2]}
    irqs: [{irq: 1}]
operations:
  - offline: 4
  - offline: four
`;
    expect(mistakes(text)).toEqual([
      '2:7: "A" cannot be a name; use lower-case letters, digits and dashes, for example a',
      '6:13: CPU 0 stands here a second time; every CPU has a number of its own',
      '6:24: two CPUs have the APIC id 0; every CPU has an APIC id of its own',
      '6:27: unknown key "onlin"; did you mean "online"?',
      '9:11: unknown kind of device "freee"; write one of handshake, free or level',
      '10:13: the number of raises 16 is out of range; write a whole number from 0 to 15',
      '11:24: the list is empty; for example [50, 120]',
      '12:26: CPU 5 does not exist; the machine has CPU 0',
      '12:37: vector 0x99 is outside of the universe; write 0x21 to 0x24, or more universe vectors',
      '13:11: two devices are named "x"; give one of them another name',
      '14:21: unknown type of message "intx"; write one of msi, msix, hpet, dmar or ioapic',
      '15:19: interArrival has 2 keys, us and cycles; write exactly one of us, cycles, poisson, bursty or replay',
      '16:18: irq 1 stands here a second time; every irq has a number of its own',
      '18:14: CPU 4 does not exist; the machine has CPU 0',
      '19:14: expected a whole number, got the text "four"; write a whole number from 0 to 4095',
    ]);
  });

  test('a mistake in the machine does not make CPUs unknown', () => {
    expect(mistakes(`${minimal.replace('{cpus: 2}', '{cpus: two}')}operations: [{offline: 9}]\n`)).toEqual([
      '3:17: expected a number of CPUs or a list of them, got the text "two"; for example 2, or [{cpu: 0, apicId: 0}, {cpu: 3, apicId: 6}]',
    ]);
  });

  test('an operation that cannot be read does not make the next one wrong', () => {
    expect(mistakes(`${minimal}operations: [{offline: one}, {online: 1}]\n`)).toHaveLength(1);
  });
});

describe('names that other rooms know', () => {
  const known = {
    models: ['linux-5.6', 'linux-5.9'],
    behaviours: (model: string) => (model === 'linux-5.9' ? { settleDelay: ['mdelay', 'none'] } : undefined),
    timing: ['cfg.read', 'cfg.write'],
  };

  test('are checked with their place if passed in', () => {
    const text = `${minimal}model: linux-59\nbehaviours: {}\ntiming: {cfg.wrte: 3}\n`;
    expect(mistakes(text, known)).toEqual([
      '5:8: unknown model "linux-59"; did you mean "linux-5.9"?',
      '7:10: unknown key "cfg.wrte"; did you mean "cfg.write"?',
    ]);
    expect(mistakes(`${minimal}behaviours: {setleDelay: none}\n`, known)).toEqual([
      '5:14: unknown key "setleDelay"; did you mean "settleDelay"?',
    ]);
    expect(mistakes(`${minimal}behaviours: {settleDelay: 7days}\n`, known)).toEqual([
      '5:27: settleDelay cannot be "7days"; write mdelay or none',
    ]);
    expect(mistakes(`${minimal}behaviours: {constructor: none}\n`, known)).toEqual([
      '5:14: unknown key "constructor"; expected settleDelay',
    ]);
  });

  test('are left alone otherwise', () => {
    expect(mistakes(`${minimal}model: my-kernel\nbehaviours: {any: thing}\ntiming: {some.id: 3}\n`)).toEqual([]);
  });
});

test('the JSON form has the two halves apart, also behind a quoted semicolon', () => {
  const parsed = parseScenario(`${minimal}kind: "a;b"\nparallel: "x; y"\n`, 'f.yaml');
  expect('errors' in parsed && parsed.errors.map(diagnosticToJson)).toEqual([
    {
      file: 'f.yaml',
      line: 5,
      column: 1,
      wrong: 'unknown key "kind"',
      right:
        'expected version, name, about, model, behaviours, assumptions, machine, universe, devices, operations, parallel, events, policies, assert, run or timing',
    },
    { file: 'f.yaml', line: 6, column: 11, wrong: 'expected true or false, got the text "x; y"', right: 'use true or false' },
  ]);
});

test('pins: each has one device, and all are behind one unit', () => {
  const text = `version: 1
name: pins
machine: {cpus: 2, ioapic: {version: 3}, iommu: {type: vtd, units: [{devices: [a]}, {}]}}
devices:
  - {name: a, message: {type: ioapic, pin: 3}, irqs: [{irq: 9}]}
  - {name: b, message: {type: ioapic, pin: 3}, irqs: [{irq: 8}]}
`;
  const parsed = parseScenario(text, 'pins.yaml');
  expect('errors' in parsed && parsed.errors.map(({ line, column, message }) => `${line}:${column}: ${message}`)).toEqual([
    '3:38: version is 0x3; write 0x20, with an EOI register, or 0x11, without',
    '6:24: two devices are on pin 3; give one of them another pin',
    '6:24: all pins are behind the unit of the IOAPIC; put the devices on them into one list',
  ]);
});
