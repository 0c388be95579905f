import { CallRefusedError } from './call-refused';
import { refuseGoArguments, refuseGoVariable } from './go-rules';

describe('refuseGoArguments', () => {
  it.each<[string[]]>([
    [['-trimpath', '-buildvcs=false', '-ldflags', '-s -w -X main.version=1.2.3', '-o', '/out/x', '.']],
    [['-ldflags=-s -w -X main.version=1.2.3+exec -X main.commit=C', '-o=/out/x', './cmd/compiler']],
    [['-ldflags', 'all=-s -linkmode=internal', '-mod=readonly', '-tags', 'exec,overlay', '-v', '-p', '1']],
    [['download', '-x', '-json', 'example.com/exec@v1.0.0']],
    [['-ldflags']],
    [[]],
  ])('takes %j', (args) => {
    expect(() => refuseGoArguments(args)).not.toThrow();
  });

  it.each<[string[], string]>([
    [['-toolexec', '/a-value'], 'args: -toolexec is refused for go: it makes go start another program'],
    [['--toolexec=/a-value'], 'args: -toolexec is refused'],
    [['-trimpath', '-toolexec=a-value', '.'], 'args: -toolexec is refused'],
    [['-exec', 'a-value'], 'args: -exec is refused'],
    [['-overlay=a-value'], 'args: -overlay is refused for go: the build would use other files than those in work_dir'],
    [['--overlay', 'a-value'], 'args: -overlay is refused'],
    [['-modfile=a-value'], 'args: -modfile is refused'],
    [['tidy', '-modfile', 'a-value'], 'args: -modfile is refused'],
    [['-pkgdir', 'a-value'], 'args: -pkgdir is refused'],
    [['-C', 'a-value'], 'args: -C is refused for go: go would leave work_dir'],
    [['-C=a-value'], 'args: -C is refused'],
    [['-compiler=gccgo'], 'args: -compiler is refused'],
    [['-gccgoflags', 'a-value'], 'args: -gccgoflags is refused'],
    [
      ['-ldflags', '-s -extld=a-value'],
      'args: -extld in -ldflags is refused for go: it makes go start another program',
    ],
    [['-ldflags=-extld a-value'], 'args: -extld in -ldflags is refused'],
    [['--ldflags', `"-s"'-extld=a-value'`], 'args: -extld in -ldflags is refused'],
    [['-ldflags', 'all=-extldflags=a-value'], 'args: -extldflags in -ldflags is refused'],
    [['-ldflags=./...=--extar=a-value'], 'args: -extar in -ldflags is refused'],
  ])('refuses %j', (args, message) => {
    expect(() => refuseGoArguments(args)).toThrow(CallRefusedError);
    expect(() => refuseGoArguments(args)).toThrow(message);
    expect(() => refuseGoArguments(args)).toThrow(/^((?!a-value).)*$/);
  });
});

describe('refuseGoVariable', () => {
  it.each([
    ...['GOOS', 'GOARCH', 'GOARM', 'GOCACHE', 'GOMODCACHE', 'GOPATH', 'GOTMPDIR', 'GOPROXY', 'GOSUMDB', 'GOPRIVATE'],
    ...['GOINSECURE', 'GOEXPERIMENT', 'CGO_ENABLED', 'HOME', 'SOURCE_DATE_EPOCH', 'MY_GO_FLAG', 'ACC'],
  ])('takes %s', (name) => {
    expect(() => refuseGoVariable(name, 'a-value')).not.toThrow();
  });

  it.each([
    ...['GOROOT', 'GOTOOLDIR', 'GCCGOTOOLDIR', 'GO_TELEMETRY_CHILD', 'GO_EXTLINK_ENABLED', 'GOCACHEPROG', 'GOAUTH'],
    ...['CC', 'CXX', 'FC', 'AR', 'GCCGO', 'PKG_CONFIG', 'COMPILER_PATH', 'CGO_CFLAGS', 'CGO_LDFLAGS_ALLOW'],
    ...['GOTOOLCHAIN', 'GOENV', 'GOTELEMETRY', 'GOWORK'],
  ])('refuses %s', (name) => {
    expect(() => refuseGoVariable(name, 'a-value')).toThrow(CallRefusedError);
    expect(() => refuseGoVariable(name, 'a-value')).toThrow(
      new RegExp(`^env_vars\\.${name} is refused for go: ((?!a-value).)*$`),
    );
  });

  it.each([
    ['GOTOOLCHAIN', 'local'],
    ['GOENV', 'off'],
    ['GOTELEMETRY', 'off'],
    ['GOWORK', 'off'],
  ])('takes %s when it is what it is anyway', (name, value) => {
    expect(() => refuseGoVariable(name, value)).not.toThrow();
  });

  it.each(['', '-mod=mod', '-trimpath -mod=readonly', '-tags=exec', '"-ldflags=-s -w -X main.toolexec=1"'])(
    'takes GOFLAGS %j',
    (value) => {
      expect(() => refuseGoVariable('GOFLAGS', value)).not.toThrow();
    },
  );

  it.each([
    ['-toolexec=a-value', 'toolexec'],
    ['-v --toolexec=a-value', 'toolexec'],
    [`'-toolexec=a-value b'`, 'toolexec'],
    [`"-v""-toolexec=a-value"`, 'toolexec'],
    ['-v\n-exec=a-value', 'exec'],
    ['-overlay=a-value', 'overlay'],
    ['-modfile=a-value', 'modfile'],
    ['-ldflags=-extld=a-value', 'extld'],
    [`'-ldflags=-s -extldflags=a-value'`, 'extldflags'],
  ])('refuses GOFLAGS %j', (value, flag) => {
    expect(() => refuseGoVariable('GOFLAGS', value)).toThrow(CallRefusedError);
    expect(() => refuseGoVariable('GOFLAGS', value)).toThrow(
      new RegExp(`^env_vars\\.GOFLAGS: -${flag} is refused for go: ((?!a-value).)*$`),
    );
  });
});
