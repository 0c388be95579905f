import { isJsonObject, type JsonObject } from './plan-json';
import { mergeMasks } from './plan-masking';

/** What is sensitive in the instances of each resource, by `resourceKey`. */
export type ResourceMasks = ReadonlyMap<string, unknown>;

const INSTANCE_KEY = /\[(?:\d+|"(?:[^"\\]|\\.)*")\]/g;

/** Names a resource of the configuration; `modulePath` is without instance keys: `module.a.module.b`. */
export function resourceKey(modulePath: string, resource: JsonObject): string {
  return JSON.stringify([modulePath, resource['mode'] ?? 'managed', resource['type'], resource['name']]);
}

/**
 * Gathers the masks of all instances in the plan, those of the changes and those of the states: a refresh-only plan
 * has no changes, and a new resource is in no state.
 */
export function collectResourceMasks(document: JsonObject): ResourceMasks {
  const masks = new Map<string, unknown>();
  const add = (modulePath: unknown, resource: JsonObject, mask: unknown): void => {
    const path = typeof modulePath === 'string' ? modulePath.replace(INSTANCE_KEY, '') : '';
    const key = resourceKey(path, resource);
    masks.set(key, mergeMasks(masks.get(key) ?? {}, mask ?? {}));
  };

  const addChange = (entry: unknown): void => {
    if (!isJsonObject(entry) || !isJsonObject(entry['change'])) return;
    add(entry['module_address'], entry, entry['change']['before_sensitive']);
    add(entry['module_address'], entry, entry['change']['after_sensitive']);
  };
  for (const key of ['resource_changes', 'resource_drift']) listOf(document[key]).forEach(addChange);
  for (const deferred of listOf(document['deferred_changes'])) {
    if (isJsonObject(deferred)) addChange(deferred['resource_change']);
  }

  const addModule = (module: unknown): void => {
    if (!isJsonObject(module)) return;
    for (const resource of listOf(module['resources'])) {
      if (isJsonObject(resource)) add(module['address'], resource, resource['sensitive_values']);
    }
    listOf(module['child_modules']).forEach(addModule);
  };
  const state = document['prior_state'];
  for (const values of [document['planned_values'], isJsonObject(state) ? state['values'] : undefined]) {
    if (isJsonObject(values)) addModule(values['root_module']);
  }
  return masks;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
