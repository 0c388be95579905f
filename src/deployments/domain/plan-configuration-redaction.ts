import { isJsonObject, type JsonObject } from './plan-json';
import { MASK, mergeMasks, type MaskingCopier } from './plan-masking';
import { resourceKey, type ResourceMasks } from './plan-resource-masks';

const SECRET_NAME = /pass|token|secret|key|credential|private|_wo$/i;
const URL_USER = /(https?:\/\/)[^/@\s]+@/gi;

/**
 * Redacts the `configuration` of a plan. It holds literals (`constant_value`, `default`) and no marks, except on
 * variables and outputs; what a resource's literals are is told by the masks of its instances.
 */
export function redactConfiguration(copier: MaskingCopier, configuration: JsonObject, masks: ResourceMasks): unknown {
  return copier.mapObject(configuration, (section, key) => {
    if (key === 'root_module') return redactModule(copier, section, '', masks);
    if (key === 'provider_config') return mapNamed(copier, section, (config) => redactByName(copier, config));
    return copier.copy(section);
  });
}

function redactModule(copier: MaskingCopier, module: unknown, path: string, masks: ResourceMasks): unknown {
  if (!isJsonObject(module)) return copier.copy(module);
  return copier.mapObject(module, (section, key) => {
    switch (key) {
      case 'variables':
        return mapNamed(copier, section, (variable) =>
          copier.mapObject(variable, (value, field) =>
            field === 'default' ? copier.copyMasked(value, variable['sensitive']) : copier.copy(value),
          ),
        );
      case 'outputs':
        return mapNamed(copier, section, (output) =>
          copier.mapObject(output, (value, field) =>
            field === 'expression' ? maskExpressions(copier, value, output['sensitive']) : copier.copy(value),
          ),
        );
      case 'resources':
        return Array.isArray(section)
          ? section.map((resource: unknown) => redactResource(copier, resource, path, masks))
          : copier.copy(section);
      case 'module_calls':
        return mapNamed(copier, section, (call, name) =>
          redactCall(copier, call, `${path === '' ? '' : `${path}.`}module.${name}`, masks),
        );
      default:
        return copier.copy(section);
    }
  });
}

function redactCall(copier: MaskingCopier, call: JsonObject, path: string, masks: ResourceMasks): unknown {
  const module = isJsonObject(call['module']) ? call['module'] : {};
  const variables = isJsonObject(module['variables']) ? module['variables'] : {};
  return copier.mapObject(call, (value, key) => {
    if (key === 'module') return redactModule(copier, value, path, masks);
    if (key === 'source' && typeof value === 'string') return copier.copy(value.replace(URL_USER, `$1${MASK}@`));
    if (key !== 'expressions' || !isJsonObject(value)) return copier.copy(value);
    return copier.mapObject(value, (expression, name) => {
      const variable = Object.hasOwn(variables, name) ? variables[name] : undefined;
      return maskExpressions(copier, expression, isJsonObject(variable) && variable['sensitive']);
    });
  });
}

function redactResource(copier: MaskingCopier, resource: unknown, path: string, masks: ResourceMasks): unknown {
  if (!isJsonObject(resource)) return copier.copy(resource);
  const mask = masks.get(resourceKey(path, resource));
  // No instance (count = 0, -target, ephemeral): nothing says what is sensitive, so the names have to.
  if (mask === undefined) return redactByName(copier, resource);
  return copier.mapObject(resource, (value, key) =>
    key === 'expressions' ? maskExpressions(copier, value, mask) : copier.copy(value),
  );
}

/** `node` is an expression, or a block, or the blocks of one type: they nest like the values that the mask is for. */
function maskExpressions(copier: MaskingCopier, node: unknown, mask: unknown): unknown {
  if (mask === true) return maskLiterals(copier, node);
  if (isJsonObject(node) && Object.hasOwn(node, 'constant_value')) {
    return copier.mapObject(node, (value, key) =>
      key === 'constant_value' ? copier.copyMasked(value, mask) : copier.copy(value),
    );
  }
  // Blocks that become a set are in another order there: what is sensitive in one is sensitive in all.
  const marks = Array.isArray(mask) ? (mask as unknown[]).reduce<unknown>(mergeMasks, false) : mask;
  if (marks === true) return maskLiterals(copier, node);
  if (Array.isArray(node)) return node.map((block: unknown) => maskExpressions(copier, block, marks));
  if (!isJsonObject(node)) return copier.copy(node);
  const marked = isJsonObject(marks) ? marks : {};
  return copier.mapObject(node, (child, key) =>
    // A write-only argument is never in the values, so no mask has it.
    key.endsWith('_wo') ? maskLiterals(copier, child) : maskExpressions(copier, child, marked[key]),
  );
}

/** Masks every literal in an expression or block and leaves the references, which say where a value comes from. */
function maskLiterals(copier: MaskingCopier, node: unknown): unknown {
  if (Array.isArray(node)) return node.map((block: unknown) => maskLiterals(copier, block));
  if (!isJsonObject(node)) return copier.copy(node);
  return copier.mapObject(node, (child, key) =>
    key === 'constant_value' ? copier.hide(child) : maskLiterals(copier, child),
  );
}

/** For expressions that no mask is known of: masks the literals whose argument has a name that tells of a secret. */
function redactByName(copier: MaskingCopier, node: JsonObject): unknown {
  return copier.mapObject(node, (child, key) =>
    key === 'expressions' ? maskNamedExpressions(copier, child) : copier.copy(child),
  );
}

function maskNamedExpressions(copier: MaskingCopier, node: unknown, isSecret = false): unknown {
  if (Array.isArray(node)) return node.map((block: unknown) => maskNamedExpressions(copier, block, isSecret));
  if (!isJsonObject(node)) return copier.copy(node);
  return copier.mapObject(node, (child, key) => {
    // A guess by the name only: such a value is not looked for elsewhere, as one that the tool marks is.
    if (key === 'constant_value') return isSecret ? MASK : maskNamedValues(copier, child);
    return maskNamedExpressions(copier, child, isSecret || SECRET_NAME.test(key));
  });
}

function maskNamedValues(copier: MaskingCopier, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((element: unknown) => maskNamedValues(copier, element));
  if (!isJsonObject(value)) return copier.copyValue(value);
  return copier.mapObject(value, (child, key) => (SECRET_NAME.test(key) ? MASK : maskNamedValues(copier, child)));
}

function mapNamed(copier: MaskingCopier, section: unknown, map: (entry: JsonObject, name: string) => unknown): unknown {
  if (!isJsonObject(section)) return copier.copy(section);
  return copier.mapObject(section, (entry, name) => (isJsonObject(entry) ? map(entry, name) : copier.copy(entry)));
}
