import { BlockedNetworks, type HostLookup } from './blocked-networks';

const LOCAL = ['127.0.0.0/8', '::1/128', '169.254.0.0/16', 'fe80::/10'];

function answering(...addresses: string[]): HostLookup {
  return () => Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
}

describe('BlockedNetworks', () => {
  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '0.0.0.0',
    '0.1.2.3',
    '::1',
    '::',
    '0:0:0:0:0:0:0:1',
    'fe80::1',
    'fe80::1%eth0',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:169.254.169.254',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::127.0.0.1',
    '2002:7f00:1::',
  ])('blocks %s', (address) => {
    expect(new BlockedNetworks(LOCAL).isBlocked(address)).toBe(true);
  });

  it.each(['10.0.0.1', '192.0.2.1', '128.0.0.1', '2001:db8::1', '::ffff:10.0.0.1', '64:ff9b::a00:1', '1::'])(
    'lets %s through',
    (address) => {
      expect(new BlockedNetworks(LOCAL).isBlocked(address)).toBe(false);
    },
  );

  it('takes single addresses and blocks nothing when the list is empty', () => {
    expect(new BlockedNetworks(['192.0.2.7']).isBlocked('192.0.2.7')).toBe(true);
    expect(new BlockedNetworks(['192.0.2.7']).isBlocked('192.0.2.8')).toBe(false);
    expect(new BlockedNetworks([]).isBlocked('127.0.0.1')).toBe(false);
    expect(new BlockedNetworks([]).isBlocked('::')).toBe(false);
  });

  it.each(['localhost', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', '::/129', ''])(
    'refuses the network %j',
    (network) => {
      expect(() => new BlockedNetworks([network])).toThrow(/is not a network/);
    },
  );

  it('gives every address of a host, to be connected to', async () => {
    const networks = new BlockedNetworks(LOCAL, answering('192.0.2.1', '2001:db8::1'));
    await expect(networks.resolve('git.example.com')).resolves.toEqual(['192.0.2.1', '2001:db8::1']);
  });

  it('refuses a host of which only one address is blocked, without naming the address', async () => {
    const networks = new BlockedNetworks(LOCAL, answering('192.0.2.1', '127.0.0.1'));
    const error = await networks.resolve('git.example.com').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'git-host-blocked', kind: 'invalid', isTransient: false });
    expect((error as Error).message).not.toContain('127');
  });

  it.each(['localhost', '2130706433', '0x7f.1', '0177.0.0.1', '127.1'])(
    'sends %s through the resolver of the system, which knows it is the host itself',
    async (host) => {
      await expect(new BlockedNetworks(LOCAL).resolve(host)).rejects.toMatchObject({ code: 'git-host-blocked' });
    },
  );

  it.each([
    ['EAI_AGAIN', true],
    ['ENOTFOUND', false],
  ])('takes %s for a host that cannot be found (worth another try: %s)', async (code, isTransient) => {
    const networks = new BlockedNetworks(LOCAL, () => Promise.reject(Object.assign(new Error('dns'), { code })));
    await expect(networks.resolve('git.example.com')).rejects.toMatchObject({ code: 'git-unreachable', isTransient });
  });
});
