import create from './fixtures/create.json';
import destroy from './fixtures/destroy.json';
import driftAndChange from './fixtures/drift-and-change.json';
import driftIgnored from './fixtures/drift-ignored.json';
import errored from './fixtures/errored.json';
import importAndUpdate from './fixtures/import-and-update.json';
import moveForgetImport from './fixtures/move-forget-import.json';
import noOp from './fixtures/no-op.json';
import outputsOnly from './fixtures/outputs-only.json';
import refreshOnlyDrift from './fixtures/refresh-only-drift.json';
import refreshOnlyMove from './fixtures/refresh-only-move.json';
import refreshOnlyNone from './fixtures/refresh-only-none.json';
import target from './fixtures/target.json';
import updateAndReplace from './fixtures/update-and-replace.json';
import { PlanFormatError } from './plan-json';
import {
  plannedChanges,
  ErroredPlanError,
  MAX_SUMMARY_RESOURCES,
  summarizePlan,
  type PlanSummary,
} from './plan-summary';

// The fixtures are what `terraform show -json` (1.11.4) said of real plans, without the parts that are not read here.
type Numbers = Omit<PlanSummary, 'resources'>;
interface Case {
  name: string;
  plan: object;
  numbers: Partial<Numbers>;
  resources: string[];
}

const none: Numbers = { add: 0, change: 0, destroy: 0, import: 0, replace: 0, drift: 0, has_changes: true };
const cases: Case[] = [
  {
    name: 'create; a data source read is not counted',
    plan: create,
    numbers: { add: 3 },
    resources: ['terraform_data.a create', 'terraform_data.b create', 'terraform_data.c create'],
  },
  {
    name: 'update, and replacement in both orders',
    plan: updateAndReplace,
    numbers: { add: 2, change: 1, destroy: 2, replace: 2 },
    resources: ['terraform_data.a update', 'terraform_data.b delete,create', 'terraform_data.c create,delete'],
  },
  {
    name: 'destroy',
    plan: destroy,
    numbers: { destroy: 3 },
    resources: ['terraform_data.a delete', 'terraform_data.b delete', 'terraform_data.c delete'],
  },
  { name: 'no changes', plan: noOp, numbers: { has_changes: false }, resources: [] },
  { name: 'outputs only', plan: outputsOnly, numbers: {}, resources: [] },
  { name: '-target', plan: target, numbers: { change: 1 }, resources: ['terraform_data.a update'] },
  {
    name: 'forget, pure import and pure move',
    plan: moveForgetImport,
    numbers: { import: 1 },
    resources: ['terraform_data.b forget', 'terraform_data.imported no-op', 'terraform_data.renamed no-op'],
  },
  {
    name: 'import with an update',
    plan: importAndUpdate,
    numbers: { import: 1, change: 1 },
    resources: ['acme_thing.db update'],
  },
  { name: 'refresh-only with drift', plan: refreshOnlyDrift, numbers: { drift: 2 }, resources: [] },
  { name: 'refresh-only with a move', plan: refreshOnlyMove, numbers: { has_changes: false }, resources: [] },
  { name: 'refresh-only without drift', plan: refreshOnlyNone, numbers: { has_changes: false }, resources: [] },
  {
    name: 'drift that needs no action',
    plan: driftIgnored,
    numbers: { drift: 1, has_changes: false },
    resources: [],
  },
  {
    name: 'drift, of which one is put right',
    plan: driftAndChange,
    numbers: { drift: 2, change: 1 },
    resources: ['acme_thing.db update'],
  },
];

describe('summarizePlan', () => {
  it.each(cases)('$name', ({ plan, numbers, resources }) => {
    const { resources: listed, ...counted } = summarizePlan(plan);
    expect(counted).toEqual({ ...none, ...numbers });
    expect(listed.map(({ address, actions }) => `${address} ${actions.join()}`)).toEqual(resources);
  });

  // tofu, and terraform before 1.8, do not say `applyable`: the same answer must come from the changes.
  it.each(cases)('computes has_changes without applyable: $name', ({ plan, numbers }) => {
    const { has_changes } = summarizePlan({ ...plan, applyable: undefined });
    expect(has_changes).toBe(numbers.has_changes ?? true);
  });

  it('takes drift for a change of a refresh-only plan only', () => {
    const plan = { ...refreshOnlyDrift, applyable: undefined };
    expect(summarizePlan(plan, { refreshOnly: true }).has_changes).toBe(true);
    expect(summarizePlan(plan, { refreshOnly: false }).has_changes).toBe(false);
  });

  it('counts neither a change of the sensitive marks nor a data source as drift', () => {
    const entry = (mode: string, before: object, after: object) => ({
      address: 'x.y',
      type: 'x',
      mode,
      change: { actions: ['update'], before, after },
    });
    const drift = [entry('managed', { a: [1] }, { a: [1] }), entry('data', { a: 1 }, { a: 2 })];
    expect(summarizePlan({ format_version: '1.2', resource_drift: drift }).drift).toBe(0);
  });

  it('counts a deposed object as its own destruction, and names the type', () => {
    const change = { address: 'x.y', type: 'x', mode: 'managed', deposed: 'abcd1234', change: { actions: ['delete'] } };
    expect(summarizePlan({ format_version: '1.2', resource_changes: [change] })).toEqual({
      ...none,
      destroy: 1,
      resources: [{ address: 'x.y', type: 'x', actions: ['delete'] }],
    });
  });

  it('cuts a long list and still counts all of it', () => {
    const entry = { address: 'x.y', type: 'x', mode: 'managed', change: { actions: ['create'] } };
    const plan = (length: number) => ({ format_version: '1.2', resource_changes: Array.from({ length }, () => entry) });
    expect(summarizePlan(plan(MAX_SUMMARY_RESOURCES))).not.toHaveProperty('resources_truncated');
    const cut = summarizePlan(plan(MAX_SUMMARY_RESOURCES + 1));
    expect(cut).toMatchObject({ add: MAX_SUMMARY_RESOURCES + 1, resources_truncated: true });
    expect(cut.resources).toHaveLength(MAX_SUMMARY_RESOURCES);
  });

  it('does not sum up a plan that ended with an error', () => {
    expect(() => summarizePlan(errored)).toThrow(ErroredPlanError);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['text', 'Plan: 1 to add'],
    ['a list', []],
    ['an object of something else', { version: 4, resources: [] }],
    ['a later major version', { format_version: '2.0' }],
    ['resource_changes that is no list', { format_version: '1.2', resource_changes: {} }],
    ['a change that is no object', { format_version: '1.2', resource_changes: [1] }],
    ['a change without address', { format_version: '1.2', resource_changes: [{ change: { actions: [] } }] }],
    ['a change without actions', { format_version: '1.2', resource_drift: [{ address: 'a.b', change: {} }] }],
    [
      'an action that is no text',
      { format_version: '1.2', resource_changes: [{ address: 'a.b', change: { actions: [1] } }] },
    ],
    ['outputs that are no object', { format_version: '1.2', output_changes: [] }],
  ])('refuses %s', (_name, plan) => {
    expect(() => summarizePlan(plan)).toThrow(PlanFormatError);
  });
});

describe('the planned changes', () => {
  it.each(cases.map(({ name, plan, resources }) => [name, plan, resources] as const))(
    'are those of its summary: %s',
    (_name, plan, resources) => {
      const lines = plannedChanges(plan, 'apply').map(({ address, actions }) => `${address} ${actions.join(',')}`);
      expect(lines).toEqual(resources);
    },
  );

  it('are not cut', () => {
    const entry = { address: 'x.y', type: 'x', mode: 'managed', change: { actions: ['create'] } };
    const plan = {
      format_version: '1.2',
      resource_changes: Array.from({ length: MAX_SUMMARY_RESOURCES + 1 }, () => entry),
    };
    expect(plannedChanges(plan, 'apply')).toHaveLength(MAX_SUMMARY_RESOURCES + 1);
  });

  it('of a refresh are also those whose drift it would take over', () => {
    const drifted = plannedChanges(refreshOnlyDrift, 'refresh');
    expect(drifted).toHaveLength(2);
    expect(plannedChanges(refreshOnlyDrift, 'apply')).toEqual([]);
  });

  it('are refused where there is no plan', () => {
    expect(() => plannedChanges({ version: 4 }, 'apply')).toThrow(PlanFormatError);
  });
});
