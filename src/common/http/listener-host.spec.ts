import { hostOfListener } from './listener-host';

describe('hostOfListener', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['0.0.0.0', '127.0.0.1'],
    ['localhost', '127.0.0.1'],
    ['', '127.0.0.1'],
    ['192.0.2.2', '192.0.2.2'],
    ['::', '[::1]'],
    ['::1', '[::1]'],
    ['[::1]', '[::1]'],
    ['2001:db8::7', '[2001:db8::7]'],
    ['plomada.internal', 'plomada.internal'],
  ])('%j is reached as %j', (host, expected) => expect(hostOfListener(host)).toBe(expected));
});
