import type { DeploymentDriver } from '../support/run-driver';
import { FaultRoom, ledgerConfiguration, LINES } from './fault-room';
import { InstalledApplication } from './installed-application';

describe('the application is replaced while an apply is at work', () => {
  let application: InstalledApplication;
  let elsewhere: InstalledApplication | undefined;
  let room: FaultRoom;
  let deployment: DeploymentDriver;
  let run: { id: string };

  beforeEach(async () => {
    application = await InstalledApplication.create();
    room = await FaultRoom.open({}, application.folder);
    deployment = await room.deploy(ledgerConfiguration(room.dataDir, true));
    run = await room.startHeldApply(deployment, 'upgraded');
  });
  afterEach(async () => {
    await room.close();
    await application.forget();
    await elsewhere?.forget();
  });

  const endsWell = async (): Promise<void> => {
    const ended = await deployment.reach(run.id, 'success');
    expect(ended.exit_code).toBe(0);
    expect(room.applied('upgraded')).toBe(1);
    const log = await deployment.log(run.id, 'apply', '?color=false');
    for (let line = 1; line <= LINES; line++) expect(log.split(`numbered ${line} of ${LINES}\n`)).toHaveLength(2);
    expect(log).toContain('Apply complete');
    expect(await room.markInState(deployment)).toBe('upgraded');
    expect((await room.versions(deployment))[0]?.run_id).toBe(run.id);
    expect(await room.lock(deployment)).toBeNull();
    await room.nobodyIsLeft();
    // The new version works by itself, too.
    await deployment.apply({ env_vars: { TF_VAR_mark: 'after' } });
    expect(room.applied('after')).toBe(1);
  };

  it('after a stop: the new version follows it to its end', async () => {
    await room.kill('SIGTERM');
    await application.replace();
    await room.start();
    expect((await deployment.get(run.id)).status).toBe('applying');
    room.letGo();
    await endsWell();
  });

  it('under the running server, which is then killed', async () => {
    await application.replace();
    await room.kill();
    await room.start();
    room.letGo();
    await endsWell();
  });

  it('under the running server, which goes on with it', async () => {
    await application.replace();
    room.letGo();
    await endsWell();
  });

  it('the new version is elsewhere and the old one is gone for good: its runner needs nothing of it', async () => {
    await room.kill('SIGTERM');
    await application.remove();
    elsewhere = await InstalledApplication.create();
    await room.start({}, elsewhere.folder);
    room.letGo();
    await endsWell();
  });
});
