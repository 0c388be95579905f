import { arrangeQueue, QueuedRun, SlotUse } from './run-queue';

const run = (id: string, fields: Partial<QueuedRun> = {}): QueuedRun => ({
  id,
  deploymentId: 'd',
  namespaceId: 'n',
  path: '.',
  operation: 'apply',
  status: 'pending',
  needsNobody: false,
  startedAt: null,
  approvedAt: null,
  ...fields,
});
const waitsForApproval = (id: string, fields: Partial<QueuedRun> = {}): QueuedRun =>
  run(id, { status: 'awaiting_approval', ...fields });
const slots = (fields: Partial<SlotUse> = {}): SlotUse => ({
  count: 2,
  atWork: [],
  approved: [],
  lastServed: new Map(),
  ...fields,
});

describe('arrangeQueue: one run at a time for a path', () => {
  it('lets the oldest of a path go and the others wait for the one before them', () => {
    const { startable, places } = arrangeQueue([run('a'), run('b'), run('c')], slots());
    expect(startable).toEqual(['a']);
    expect(places.get('a')).toEqual({ position: 1, waitingFor: { reason: 'capacity' } });
    expect(places.get('b')).toEqual({ position: 1, waitingFor: { reason: 'earlier_run', run_id: 'a' } });
    expect(places.get('c')).toEqual({ position: 2, waitingFor: { reason: 'earlier_run', run_id: 'b' } });
  });

  it('makes a run wait for the holder of its path, and of its path alone', () => {
    const { startable, places } = arrangeQueue(
      [waitsForApproval('a'), run('b'), run('c', { path: 'other' }), run('e', { deploymentId: 'd2' })],
      slots(),
    );
    expect(startable).toEqual(['c', 'e']);
    expect(places.get('b')?.waitingFor).toEqual({ reason: 'earlier_run', run_id: 'a' });
    expect(places.get('e')).toEqual({ position: 2, waitingFor: { reason: 'capacity' } });
  });

  it('lets plan-only runs pass, and pass by', () => {
    const { startable, places } = arrangeQueue(
      [
        waitsForApproval('a'),
        run('q', { operation: 'plan', status: 'planning' }),
        run('p', { operation: 'plan' }),
        run('b'),
      ],
      slots({ atWork: ['q'] }),
    );
    expect(startable).toEqual(['p']);
    expect(places.get('b')?.waitingFor).toEqual({ reason: 'earlier_run', run_id: 'a' });
  });

  it.each(['destroy', 'refresh'] as const)('treats %s like apply', (operation) => {
    expect(arrangeQueue([waitsForApproval('a'), run('b', { operation })], slots()).startable).toEqual([]);
  });

  it('takes a run that was given a slot for a holder, though it is still stored as pending', () => {
    const { startable, places } = arrangeQueue([run('a'), run('b')], slots({ atWork: ['a'] }));
    expect(startable).toEqual([]);
    expect(places.has('a')).toBe(false);
    expect(places.get('b')?.waitingFor).toEqual({ reason: 'earlier_run', run_id: 'a' });
  });
});

describe('arrangeQueue: approved runs', () => {
  const approved = (id: string, namespaceId = 'n'): QueuedRun =>
    run(id, { status: 'applying', deploymentId: id, namespaceId });

  it('go before new ones of their namespace, in the order of the approvals, and are counted with them', () => {
    const active = [run('new', { deploymentId: 'x' }), approved('a'), approved('b')];
    const { startable, places } = arrangeQueue(active, slots({ approved: ['b', 'a'] }));
    expect(startable).toEqual(['b', 'a', 'new']);
    expect(places.get('new')).toEqual({ position: 3, waitingFor: { reason: 'capacity' } });
    expect(places.get('b')).toEqual({ position: 1, waitingFor: { reason: 'capacity' } });
  });

  it('hold their path while they wait', () => {
    const { places } = arrangeQueue([approved('a'), run('b', { deploymentId: 'a' })], slots({ approved: ['a'] }));
    expect(places.get('b')?.waitingFor).toEqual({ reason: 'earlier_run', run_id: 'a' });
  });

  it('of one namespace do not keep a new run of another waiting', () => {
    const many = Array.from({ length: 100 }, (_, index) => approved(`a${index}`));
    const other = run('other', { deploymentId: 'x', namespaceId: 'm' });
    const queue = arrangeQueue([...many, other], slots({ approved: many.map(({ id }) => id) }));
    expect(queue.places.get('other')?.position).toBe(2);
  });

  it('have no place when they have ended, or have a slot', () => {
    const { startable } = arrangeQueue([approved('a')], slots({ approved: ['gone', 'a'], atWork: ['a'] }));
    expect(startable).toEqual([]);
  });
});

describe('arrangeQueue: turns of namespaces', () => {
  const of = (namespaceId: string, count: number): QueuedRun[] =>
    Array.from({ length: count }, (_, index) =>
      run(`${namespaceId}${index}`, { namespaceId, deploymentId: `${namespaceId}${index}` }),
    );

  it('lets a late run of one team go next, though 100 of another wait', () => {
    const atWork = of('z', 2).map((each) => ({ ...each, namespaceId: 'a', status: 'planning' as const }));
    const active = [...atWork, ...of('a', 100), ...of('b', 1)];
    expect(arrangeQueue(active, slots({ atWork: ['z0', 'z1'] })).startable[0]).toBe('b0');
  });

  it('alternates also with a single slot, where nobody is at work when it comes free', () => {
    const queue = arrangeQueue([...of('a', 3), ...of('b', 3), ...of('c', 1)], slots({ count: 1 }));
    expect(queue.startable).toEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'a2', 'b2']);
  });

  it('goes on where it was: who was served last is last', () => {
    const lastServed = new Map([
      ['a', 7],
      ['b', 6],
    ]);
    const queue = arrangeQueue([...of('a', 2), ...of('b', 2)], slots({ count: 1, lastServed }));
    expect(queue.startable).toEqual(['b0', 'a0', 'b1', 'a1']);
  });

  it('counts a slot whose run has just ended for nobody', () => {
    expect(arrangeQueue(of('a', 1), slots({ count: 1, atWork: ['ended'] })).startable).toEqual(['a0']);
  });

  it('waits until as many have ended as are too many after a restart', () => {
    const atWork = of('a', 4).map((each) => ({ ...each, status: 'planning' as const }));
    const active = [...atWork, run('late', { namespaceId: 'a' }), ...of('b', 2)];
    const queue = arrangeQueue(active, slots({ atWork: atWork.map(({ id }) => id) }));
    expect(queue.startable).toEqual(['b0', 'late', 'b1']);
  });
});

describe('arrangeQueue: with many runs that come and end', () => {
  /** A generator with a seed (mulberry32), so that a failure can be seen again. */
  const randomFrom = (seed: number) => (below: number) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below) | 0;
  };

  /** A scheduler in small: slots, approvals, ends. */
  class Floor {
    active: QueuedRun[] = [];
    atWork: string[] = [];
    approved: string[] = [];
    begun: string[] = [];
    lastServed = new Map<string, number>();
    private made = 0;

    constructor(readonly count: number) {}

    get slots(): SlotUse {
      return this;
    }

    add(namespaceId: string, deployment: number): void {
      const id = `r${this.made++}`;
      this.active.push(run(id, { namespaceId, deploymentId: `${namespaceId}/${deployment}` }));
    }

    busyOf(namespaceId: string): number {
      return this.atWork.filter((id) => this.find(id).namespaceId === namespaceId).length;
    }

    find(id: string): QueuedRun {
      return this.active.find((each) => each.id === id)!;
    }

    /** Gives one slot; false when there is none, or nobody for it. */
    give(): boolean {
      const id = arrangeQueue(this.active, this.slots).startable[0];
      if (this.atWork.length >= this.count || id === undefined) return false;
      const next = this.find(id);
      this.lastServed.set(next.namespaceId, this.begun.length + 1);
      next.status = this.approved.includes(id) ? 'applying' : 'planning';
      this.approved = this.approved.filter((each) => each !== id);
      this.atWork.push(id);
      this.begun.push(id);
      return true;
    }

    leave(id: string, outcome: 'ended' | 'approved'): void {
      this.atWork = this.atWork.filter((each) => each !== id);
      if (outcome === 'approved' && this.find(id).status === 'planning') {
        this.find(id).status = 'applying';
        this.approved.push(id);
      } else {
        this.active = this.active.filter((each) => each.id !== id);
      }
    }
  }

  const NAMESPACES = ['a', 'b', 'c', 'd'];

  it.each(Array.from({ length: 15 }, (_, seed) => seed))('is fair and in order (seed %i)', (seed) => {
    const random = randomFrom(seed);
    const floor = new Floor(1 + random(4));
    const servedSince = new Map<string, number>();
    for (let step = 0; step < 250; step++) {
      if (step < 150) floor.add(NAMESPACES[Math.min(random(4), random(4))]!, random(8));
      if (floor.atWork.length > 0 && random(3) > 0) {
        floor.leave(floor.atWork[random(floor.atWork.length)]!, random(3) === 0 ? 'approved' : 'ended');
      }
      for (;;) {
        const { startable, places } = arrangeQueue(floor.active, floor.slots);
        const waiting = new Set(startable.map((id) => floor.find(id).namespaceId));
        const before = new Map(NAMESPACES.map((namespaceId) => [namespaceId, floor.busyOf(namespaceId)]));
        expect(startable.map((id) => places.get(id)?.position)).toEqual(startable.map((_, index) => index + 1));
        if (!floor.give()) break;
        const given = floor.find(floor.begun.at(-1)!);

        // No namespace waits while another with more at work gets a slot.
        expect(before.get(given.namespaceId)).toBe(Math.min(...[...waiting].map((each) => before.get(each)!)));
        // Nobody starves: who has no run at work is not passed over twice by another that has none either.
        for (const namespaceId of NAMESPACES) {
          const isPassedOver = waiting.has(namespaceId) && namespaceId !== given.namespaceId;
          const passed = isPassedOver && before.get(namespaceId) === 0 ? (servedSince.get(namespaceId) ?? 0) + 1 : 0;
          servedSince.set(namespaceId, passed);
          expect(passed).toBeLessThan(NAMESPACES.length);
        }
        // One run a path.
        const held = floor.active.filter(({ status }) => status !== 'pending');
        expect(new Set(held.map(({ deploymentId }) => deploymentId)).size).toBe(held.length);
        // Oldest first among what was startable in the namespace, approved ones before.
        const own = startable.filter((id) => floor.find(id).namespaceId === given.namespaceId);
        const fresh = own.filter((id) => id !== given.id && floor.find(id).status === 'pending');
        const age = (id: string): number => Number(id.slice(1));
        if (given.status === 'planning') {
          expect(own.every((id) => floor.find(id).status !== 'applying')).toBe(true);
          expect(fresh.every((id) => age(id) > age(given.id))).toBe(true);
        }
      }
    }
    while (floor.atWork.length > 0) {
      floor.leave(floor.atWork[0]!, 'ended');
      while (floor.give());
    }
    expect(floor.active).toEqual([]);
  });

  it.each(Array.from({ length: 10 }, (_, seed) => seed))(
    'shows the order in which runs really begin (seed %i)',
    (seed) => {
      const random = randomFrom(seed);
      const floor = new Floor(1 + random(4));
      for (let count = 0; count < 40; count++) floor.add(NAMESPACES[random(4)]!, count);
      for (let count = random(5); count > 0; count--) floor.give();
      const promised = arrangeQueue(floor.active, floor.slots).startable;
      const already = floor.begun.length;
      while (floor.give());
      while (floor.atWork.length > 0) {
        floor.leave(floor.atWork[0]!, 'ended');
        floor.give();
      }
      expect(floor.begun.slice(already)).toEqual(promised);
    },
  );
});
