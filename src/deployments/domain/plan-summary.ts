import { isDeepStrictEqual } from 'node:util';
import type { RunOperation } from './run-operation';
import { isJsonObject, PlanFormatError, readObjects, readPlanDocument, type JsonObject } from './plan-json';

export { PlanFormatError } from './plan-json';

/** How many entries `resources` has at most: more than that nobody reads, and the summary is kept in every run. */
export const MAX_SUMMARY_RESOURCES = 5_000;

export interface PlannedResource {
  address: string;
  type: string;
  /** As the tool names them, e.g. `["delete","create"]`; `["no-op"]` for a pure move or import. */
  actions: string[];
}

/** A change as approval policies look at it. */
export interface PlannedChange extends PlannedResource {
  /** Where it was, of a resource that is moved. */
  previousAddress?: string;
}

/** What a plan would do, in the numbers that the tool itself prints. The names are those of the wire. */
export interface PlanSummary {
  add: number;
  change: number;
  destroy: number;
  import: number;
  /** Each of these is counted in `add` and in `destroy` too. */
  replace: number;
  /** Objects that were changed or deleted outside of the tool. */
  drift: number;
  has_changes: boolean;
  resources: PlannedResource[];
  /** Only there when `resources` was cut at `MAX_SUMMARY_RESOURCES`; the numbers count all. */
  resources_truncated?: true;
}

export interface PlanSummaryOptions {
  /**
   * Whether the plan was made with `-refresh-only`; the document does not say. It matters only to tools that do not
   * say `applyable`; without it the plan is taken for refresh-only when it plans nothing for any managed resource.
   */
  refreshOnly?: boolean;
}

/**
 * The plan was cut short by an error. Its numbers are incomplete and it says "not applyable", which must not be taken
 * for "no changes", so there is no summary of it.
 */
export class ErroredPlanError extends PlanFormatError {
  constructor() {
    super('planning ended with an error, so the plan is incomplete');
  }
}

interface ResourceChange extends PlannedChange {
  managed: boolean;
  importing: boolean;
  change: JsonObject;
}

/**
 * Summarizes the tool's JSON plan (`show -json PLANFILE` of terraform or tofu).
 *
 * @throws PlanFormatError when it is no such plan, ErroredPlanError when planning had failed.
 */
export function summarizePlan(plan: unknown, options: PlanSummaryOptions = {}): PlanSummary {
  const document = readPlanDocument(plan);
  if (document['errored'] === true) throw new ErroredPlanError();

  const changes = readChanges(document, 'resource_changes').filter((change) => change.managed);
  const drift = readChanges(document, 'resource_drift').filter(isDrift);
  const shown = changes.filter(isWorthShowing);
  const summary: PlanSummary = {
    add: count(changes, (change) => change.actions.includes('create')),
    change: count(changes, (change) => change.actions.includes('update')),
    destroy: count(changes, (change) => change.actions.includes('delete')),
    import: count(changes, (change) => change.importing),
    replace: count(changes, (change) => change.actions.includes('create') && change.actions.includes('delete')),
    drift: drift.length,
    has_changes: false,
    resources: shown.slice(0, MAX_SUMMARY_RESOURCES).map(toPlanned),
  };
  if (shown.length > MAX_SUMMARY_RESOURCES) summary.resources_truncated = true;

  const refreshOnly = options.refreshOnly ?? changes.length === 0;
  const applyable = document['applyable'];
  summary.has_changes =
    typeof applyable === 'boolean'
      ? applyable
      : shown.length > 0 || hasOutputChanges(document) || (refreshOnly && drift.length > 0);
  return summary;
}

/**
 * All changes that an apply of the plan would make or record, however many. Of a refresh-only plan also those of drift
 * that it would take over.
 *
 * @throws PlanFormatError when it is no plan
 */
export function plannedChanges(plan: unknown, operation: RunOperation): PlannedChange[] {
  const document = readPlanDocument(plan);
  const changes = readChanges(document, 'resource_changes').filter(
    (change) => change.managed && isWorthShowing(change),
  );
  const drift = operation === 'refresh' ? readChanges(document, 'resource_drift').filter(isDrift) : [];
  return [...changes, ...drift].map(({ address, type, actions, previousAddress }) => ({
    address,
    type,
    actions,
    ...(previousAddress === undefined ? {} : { previousAddress }),
  }));
}

function toPlanned({ address, type, actions }: PlannedResource): PlannedResource {
  return { address, type, actions };
}

function readChanges(document: JsonObject, key: 'resource_changes' | 'resource_drift'): ResourceChange[] {
  return readObjects(document, key).map((entry) => {
    const { address, type, mode, change, previous_address: previous } = entry;
    if (typeof address !== 'string') throw new PlanFormatError(`an entry of ${key} has no address`);
    if (!isJsonObject(change)) throw new PlanFormatError(`an entry of ${key} has no change`);
    return {
      address,
      type: typeof type === 'string' ? type : '',
      actions: readActions(change, key),
      // Old formats leave the mode out, and have only managed resources there.
      managed: mode === undefined || mode === 'managed',
      importing: isJsonObject(change['importing']),
      ...(typeof previous === 'string' ? { previousAddress: previous } : {}),
      change,
    };
  });
}

function readActions(change: JsonObject, of: string): string[] {
  const actions = change['actions'];
  if (!Array.isArray(actions) || !actions.every((action) => typeof action === 'string')) {
    throw new PlanFormatError(`a change in ${of} has no list of actions`);
  }
  return actions;
}

/** True for everything that an apply would do or record; a move or an import alone has the action no-op. */
function isWorthShowing(change: ResourceChange): boolean {
  return change.importing || change.previousAddress !== undefined || isRealAction(change.actions);
}

function isRealAction(actions: string[]): boolean {
  return actions.some((action) => action !== 'no-op' && action !== 'read');
}

/** The tool also lists moves there (no-op), and may list an object of which only the sensitive marks differ. */
function isDrift({ managed, actions, change }: ResourceChange): boolean {
  return managed && isRealAction(actions) && !isSameObject(change);
}

function isSameObject({ before, after }: JsonObject): boolean {
  return before !== undefined && before !== null && isDeepStrictEqual(before, after);
}

function hasOutputChanges(document: JsonObject): boolean {
  const outputs = document['output_changes'];
  if (outputs === undefined || outputs === null) return false;
  if (!isJsonObject(outputs)) throw new PlanFormatError('output_changes is not an object');
  return Object.values(outputs).some((change) => {
    if (!isJsonObject(change)) throw new PlanFormatError('an entry of output_changes is not an object');
    return isRealAction(readActions(change, 'output_changes'));
  });
}

function count(changes: ResourceChange[], matches: (change: ResourceChange) => boolean): number {
  return changes.reduce((sum, change) => sum + (matches(change) ? 1 : 0), 0);
}
