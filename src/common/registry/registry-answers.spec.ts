import { RegistryAnswer, RegistryAnswers } from './registry-answers.service';

const answer = (changes: Partial<RegistryAnswer> = {}): RegistryAnswer => ({
  namespace: { id: 'n', isPublic: true },
  route: '/v1/modules/:namespace/:name/:provider/versions',
  status: 200,
  headers: {},
  body: Buffer.from('{}'),
  staleAt: null,
  ...changes,
});

describe('RegistryAnswers', () => {
  it('keeps what was made until its namespace changes', async () => {
    const answers = new RegistryAnswers();
    await answers.make('/a', async () => answer());
    await answers.make('/b', async () => answer({ namespace: { id: 'other', isPublic: false } }));
    expect(answers.find('/a', 0)).not.toBeNull();
    answers.forget('n');
    expect(answers.find('/a', 0)).toBeNull();
    expect(answers.find('/b', 0)).not.toBeNull();
  });

  it('keeps nothing that was read before a change and made after it', async () => {
    const answers = new RegistryAnswers();
    await answers.make('/a', async () => {
      answers.forget('n');
      return answer();
    });
    expect(answers.find('/a', 0)).toBeNull();
  });

  it('makes links anew in time', async () => {
    const answers = new RegistryAnswers();
    await answers.make('/a', async () => answer({ staleAt: 100 }));
    expect(answers.find('/a', 99)).not.toBeNull();
    expect(answers.find('/a', 100)).toBeNull();
  });

  it('lets the least used go when there are too many', async () => {
    const answers = new RegistryAnswers();
    const body = Buffer.alloc(4 * 2 ** 20);
    for (let place = 0; place < 20; place++) await answers.make(`/${place}`, async () => answer({ body }));
    expect(answers.find('/0', 0)).toBeNull();
    expect(answers.find('/19', 0)).not.toBeNull();
  });
});
