import { redactConfiguration } from './plan-configuration-redaction';
import { isJsonObject, readPlanDocument, type JsonObject } from './plan-json';
import { MaskingCopier, type TextFilter } from './plan-masking';
import { collectResourceMasks, type ResourceMasks } from './plan-resource-masks';

/** Where a value lies beside its sensitivity mask, in resource changes, output changes, states and action invocations. */
const MASK_OF: Readonly<Record<string, string>> = {
  before: 'before_sensitive',
  after: 'after_sensitive',
  values: 'sensitive_values',
  config_values: 'config_sensitive',
};

/** Trees of true and false in the shape of values: their keys are the user's. */
const MARKS = new Set([...Object.values(MASK_OF), 'after_unknown', 'config_unknown']);

/** Objects whose keys are names that the user chose; such a name must not be taken for a key of the format. */
const NAMED_BY_USER = new Set(['outputs', 'output_changes']);

/**
 * A deep copy of the tool's JSON plan (`show -json`) in which all that the tool marks sensitive is `"***"`: resource
 * changes, drift, deferred changes, planned values, prior state, outputs, sensitive variables and their defaults, and
 * literals in the configuration that end up in a sensitive attribute, output or variable. The format marks nothing
 * for the configuration of a provider, so there the name of the argument decides. A value that is marked in one place
 * is masked where it is the whole value of something else, too: the tool loses marks (see `SensitiveValues`).
 *
 * @param secrets applied to every other string and to every key, for secrets the tool does not know as such
 * @throws PlanFormatError when this is no plan
 */
export function redactPlan(plan: unknown, secrets?: TextFilter): unknown {
  const document = readPlanDocument(plan);
  const masks = collectResourceMasks(document);
  const marked = new MaskingCopier();
  redactDocument(marked, document, masks);
  return redactDocument(new MaskingCopier(secrets, marked.hidden), document, masks);
}

function redactDocument(copier: MaskingCopier, document: JsonObject, masks: ResourceMasks): unknown {
  const configuration = isJsonObject(document['configuration']) ? document['configuration'] : undefined;
  return copier.mapObject(document, (section, key) => {
    if (key === 'variables') return redactVariables(copier, section, configuration);
    if (key === 'configuration' && configuration) return redactConfiguration(copier, configuration, masks);
    return redactChild(copier, document, key, section);
  });
}

/** Values of the root module's variables: clear only where the configuration is there and says "not sensitive". */
function redactVariables(copier: MaskingCopier, variables: unknown, configuration: JsonObject | undefined): unknown {
  const root = configuration?.['root_module'];
  const declared = isJsonObject(root) && isJsonObject(root['variables']) ? root['variables'] : {};
  if (!isJsonObject(variables)) return copier.copy(variables);
  return copier.mapObject(variables, (variable, name) => {
    const declaration = Object.hasOwn(declared, name) ? declared[name] : undefined;
    const isClear = isJsonObject(declaration) && declaration['sensitive'] !== true;
    if (!isJsonObject(variable)) return copier.copy(variable);
    return copier.mapObject(variable, (value, key) =>
      key === 'value' ? copier.copyMasked(value, !isClear) : copier.copy(value),
    );
  });
}

/**
 * Goes down the parts that belong to the format, whatever section they are in, so that a section of a later minor
 * version is covered as long as it puts masks beside values as all have done so far.
 */
function redact(copier: MaskingCopier, node: unknown): unknown {
  if (Array.isArray(node)) return node.map((element: unknown) => redact(copier, element));
  if (!isJsonObject(node)) return copier.copy(node);
  return copier.mapObject(node, (child, key) => redactChild(copier, node, key, child));
}

function redactChild(copier: MaskingCopier, node: JsonObject, key: string, child: unknown): unknown {
  if (MARKS.has(key)) return copier.copy(child);
  if (NAMED_BY_USER.has(key) && isJsonObject(child)) return copier.mapObject(child, (entry) => redact(copier, entry));
  if (key === 'value') return copier.copyMasked(child, node['sensitive']);
  const maskKey = Object.hasOwn(MASK_OF, key) ? MASK_OF[key] : undefined;
  if (maskKey === undefined) return redact(copier, child);
  // An object that is not there before a creation or after a deletion is null, whatever the mask says.
  if (child === null) return null;
  const mask = node[maskKey];
  // `values` without a mask is not that of a resource, but what holds the modules and outputs of a state.
  return mask === undefined && key === 'values' ? redact(copier, child) : copier.copyMasked(child, mask);
}
