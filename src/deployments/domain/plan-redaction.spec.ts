import sensitive from './fixtures/sensitive.json';
import { PlanFormatError } from './plan-json';
import { redactPlan } from './plan-redaction';

/** Follows keys and indexes into a redacted plan. */
function at(value: unknown, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>((node, key) => (node as Record<string | number, unknown>)[key], value);
}

function redactDocument(parts: object, secrets?: (text: string) => string): unknown {
  return redactPlan({ format_version: '1.2', ...parts }, secrets);
}

describe('redactPlan', () => {
  // The fixture is the whole plan of a real configuration whose secrets all end in "-canary": sensitive variables with
  // and without a value, an output, a sensitive attribute of a provider, literals, a module call, drift and a state.
  describe('of a real plan', () => {
    const before = JSON.stringify(sensitive);
    const redacted = redactPlan(sensitive);
    const text = JSON.stringify(redacted);

    it('leaves no secret anywhere', () => {
      expect(before).toContain('-canary');
      expect(text).not.toMatch(/canary/);
      expect(text).not.toContain('424242');
    });

    it('does not touch its input', () => {
      expect(JSON.stringify(sensitive)).toBe(before);
    });

    it('leaves what is not secret as it was', () => {
      const changes = at(redacted, 'resource_changes') as unknown[];
      const web = changes.find((change) => at(change, 'address') === 'terraform_data.web');
      expect(at(web, 'change', 'after', 'input')).toEqual({
        list: ['a', '***'],
        password: '***',
        pin: '***',
        size: '2',
      });
      expect(at(redacted, 'variables', 'size')).toEqual({ value: '2' });
      expect(at(redacted, 'output_changes', 'size')).toEqual(sensitive.output_changes.size);
      expect(at(redacted, 'configuration', 'provider_config', 'acme', 'expressions')).toEqual({
        region: { constant_value: 'eu-west-1' },
        token: { constant_value: '***' },
      });
      expect(at(redacted, 'configuration', 'root_module', 'variables')).toEqual({
        password: { default: '***', sensitive: true },
        settings: { default: '***', sensitive: true },
        size: { default: 1 },
      });
    });

    it('is unchanged by being redacted again', () => {
      expect(redactPlan(redacted)).toEqual(redacted);
    });

    it('passes every string and every key through the given function', () => {
      const seen = new Set<string>();
      redactPlan(sensitive, (part) => {
        seen.add(part);
        return part;
      });
      expect([...seen]).toEqual(expect.arrayContaining(['resource_changes', 'label', 'drifted', 'terraform_data.web']));
      expect(JSON.stringify(redactPlan(sensitive, (part) => part.replaceAll('drifted', '***')))).not.toContain(
        'drifted',
      );
    });
  });

  describe('masks', () => {
    const change = (after: unknown, mask: unknown): unknown =>
      at(
        redactDocument({ resource_changes: [{ change: { after, after_sensitive: mask } }] }),
        'resource_changes',
        0,
        'change',
        'after',
      );

    it.each<[string, unknown, unknown, unknown]>([
      ['nothing', { a: 1 }, {}, { a: 1 }],
      ['nothing with false', { a: 1 }, false, { a: 1 }],
      ['everything', { a: 1 }, true, '***'],
      ['an attribute', { a: 1, b: { c: 2 } }, { b: true }, { a: 1, b: '***' }],
      ['a nested attribute', { b: { c: 2, d: null } }, { b: { c: true } }, { b: { c: '***', d: null } }],
      ['an element', { l: [1, 2, 3] }, { l: [false, true] }, { l: [1, '***', 3] }],
      ['an attribute in a list of blocks', { l: [{ a: 1, b: 2 }] }, { l: [{ a: true }] }, { l: [{ a: '***', b: 2 }] }],
      ['a value of another shape than its mask', { l: 'text' }, { l: [{ a: true }] }, { l: '***' }],
      ['a whole object that is not there', null, true, null],
    ])('%s', (_name, after, mask, expected) => {
      expect(change(after, mask)).toEqual(expected);
    });

    it('follows a marked value to where the tool lost the mark, and leaves the format alone', () => {
      const change = { before: { a: 'postgres', b: ['postgres', 424242, 'x'], c: 'x' }, before_sensitive: { a: true } };
      const redacted = redactDocument({ resource_changes: [{ address: 'x.postgres', name: 'postgres', change }] });
      expect(at(redacted, 'resource_changes', 0)).toMatchObject({ address: 'x.postgres', name: 'postgres' });
      expect(at(redacted, 'resource_changes', 0, 'change', 'before')).toEqual({
        a: '***',
        b: ['***', 424242, 'x'],
        c: 'x',
      });
    });

    it('does not take a name that the user chose for a key of the format', () => {
      const secret = { actions: ['create'], before: null, after: 'hidden', after_sensitive: true };
      const harmless = { actions: ['create'], before: null, after: 'shown', after_sensitive: false };
      const redacted = redactDocument({
        output_changes: { before: secret, before_sensitive: harmless, sensitive: secret },
      });
      expect(JSON.stringify(redacted)).not.toContain('hidden');
      expect(at(redacted, 'output_changes', 'before_sensitive')).toEqual(harmless);
    });

    it('keeps a key named __proto__ as an ordinary key', () => {
      const after: unknown = JSON.parse('{"__proto__": {"a": 1}, "constructor": "x"}');
      expect(JSON.stringify(change(after, {}))).toBe('{"__proto__":{"a":1},"constructor":"x"}');
    });
  });

  it.each<[string, object]>([
    [
      'deferred changes',
      { deferred_changes: [{ resource_change: { change: { after: 'hidden', after_sensitive: true } } }] },
    ],
    ['drift', { resource_drift: [{ change: { before: { a: 'hidden' }, before_sensitive: { a: true } } }] }],
    ['action invocations', { action_invocations: [{ config_values: { a: 'hidden' }, config_sensitive: { a: true } }] }],
    [
      'child modules of a state',
      {
        prior_state: {
          values: {
            root_module: {
              child_modules: [
                { child_modules: [{ resources: [{ values: { a: 'hidden' }, sensitive_values: { a: true } }] }] },
              ],
            },
          },
        },
      },
    ],
    [
      'outputs of a state',
      { planned_values: { outputs: { value: { sensitive: true, value: ['hidden'], type: 'list' } } } },
    ],
    [
      'a resource with attributes named like keys of the format',
      {
        planned_values: {
          root_module: {
            resources: [{ values: { root_module: 1, outputs: 'hidden' }, sensitive_values: { outputs: true } }],
          },
        },
      },
    ],
    ['a state without modules', { prior_state: { values: { outputs: { a: { sensitive: true, value: 'hidden' } } } } }],
    ['variables when the configuration is not there', { variables: { a: { value: 'hidden' } } }],
  ])('covers %s', (_name, parts) => {
    expect(JSON.stringify(redactDocument(parts))).not.toContain('hidden');
  });

  describe('of literals in the configuration', () => {
    const resource = (expressions: object) => ({ mode: 'managed', type: 'x', name: 'y', expressions });
    const configured = (expressions: object, sensitiveValues?: unknown): unknown => {
      const change = {
        module_address: 'module.m["a.b"]',
        mode: 'managed',
        type: 'x',
        name: 'y',
        change: { after_sensitive: sensitiveValues },
      };
      const module = { resources: [resource(expressions)] };
      const redacted = redactDocument({
        resource_changes: sensitiveValues === undefined ? [] : [change],
        configuration: { root_module: { module_calls: { m: { source: 'https://me:hidden@example.com/m', module } } } },
      });
      expect(at(redacted, 'configuration', 'root_module', 'module_calls', 'm', 'source')).toBe(
        'https://***@example.com/m',
      );
      return at(redacted, 'configuration', 'root_module', 'module_calls', 'm', 'module', 'resources', 0, 'expressions');
    };
    const shown = { constant_value: 'shown' };
    const hidden = { constant_value: 'hidden' };
    const masked = { constant_value: '***' };

    it.each<[string, object, unknown, object]>([
      ['a sensitive attribute', { a: hidden, b: shown }, { a: true }, { a: masked, b: shown }],
      [
        'part of an attribute',
        { a: { constant_value: { b: 1, c: 2 } } },
        { a: { b: true } },
        { a: { constant_value: { b: '***', c: 2 } } },
      ],
      [
        'blocks in another order',
        { l: [{ a: hidden }, { a: hidden, b: shown }] },
        { l: [{}, { a: true }] },
        { l: [{ a: masked }, { a: masked, b: shown }] },
      ],
      [
        'a whole block',
        { l: [{ a: hidden, b: { references: ['var.x'] } }] },
        { l: true },
        { l: [{ a: masked, b: { references: ['var.x'] } }] },
      ],
      ['a write-only argument', { password_wo: hidden, label: shown }, {}, { password_wo: masked, label: shown }],
      [
        'names, where there is no instance',
        { admin_password: hidden, label: shown, env: { constant_value: { API_TOKEN: ['hidden'], MODE: 'shown' } } },
        undefined,
        { admin_password: masked, label: shown, env: { constant_value: { API_TOKEN: '***', MODE: 'shown' } } },
      ],
    ])('%s', (_name, expressions, mask, expected) => {
      expect(configured(expressions, mask)).toEqual(expected);
    });
  });

  it.each([[null], ['text'], [[]], [{}]])('refuses %j', (plan) => {
    expect(() => redactPlan(plan)).toThrow(PlanFormatError);
  });
});
