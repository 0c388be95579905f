import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { maskText } from '../../common/secrets/secret-masker';
import type { SecretPatterns } from '../../common/secrets/secret-patterns';
import type { Transaction } from '../../database/transaction';
import { redactPlan } from '../domain/plan-redaction';
import type { RunOperation } from '../domain/run-operation';
import {
  PlanFormatError,
  type PlannedChange,
  plannedChanges,
  PlanSummary,
  summarizePlan,
} from '../domain/plan-summary';
import { RunRecordsRepository } from '../persistence/run-records.repository';
import { RunFailedError } from './run-ends';

const MAX_PLAN_BYTES = 256 * 2 ** 20;
const compress = promisify(gzip);

export interface ReadPlan {
  /** With everything sensitive masked: a value may be the key of an instance, and so part of an address. */
  summary: PlanSummary;
  /** All that an apply would change, also where the summary is cut. Not masked. */
  changes: PlannedChange[];
  /** Gzipped JSON with everything sensitive masked. */
  redacted: Buffer;
  /** Version of the tool that made it; null when it does not say. */
  toolVersion: string | null;
}

/** Reads the tool's JSON plan. */
@Injectable()
export class PlanReader {
  constructor(private readonly records: RunRecordsRepository) {}

  /**
   * @param output for a runner that knows nothing of `log_file`: the answer's output
   * @throws RunFailedError when it is no plan
   */
  async read(file: string, output: string, operation: RunOperation, patterns: SecretPatterns): Promise<ReadPlan> {
    const size = (await stat(file).catch(() => null))?.size ?? null;
    if (size !== null && size > MAX_PLAN_BYTES) {
      throw new RunFailedError(`The JSON plan has ${size} bytes; up to ${MAX_PLAN_BYTES} can be shown and approved.`);
    }
    const text = size === null ? output : await readFile(file, 'utf8');
    try {
      const plan: unknown = JSON.parse(text);
      const redacted = redactPlan(plan, (value) => maskText(patterns, value));
      const summary = summarizePlan(plan, { refreshOnly: operation === 'refresh' });
      const resources = summary.resources.map((each) => ({ ...each, address: maskText(patterns, each.address) }));
      return {
        summary: { ...summary, resources },
        changes: plannedChanges(plan, operation),
        redacted: await compress(JSON.stringify(redacted)),
        toolVersion: versionOf(plan),
      };
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof PlanFormatError) {
        throw new RunFailedError('The JSON plan of the tool cannot be read, so there is nothing to approve.');
      }
      throw error;
    }
  }

  /** Stores the plan in the transaction that moves its run. */
  storing(runId: string, redacted: Buffer): (transaction: Transaction) => Promise<void> {
    return (transaction) => this.records.storePlan(transaction, runId, redacted);
  }
}

function versionOf(plan: unknown): string | null {
  const version =
    typeof plan === 'object' && plan !== null ? (plan as { terraform_version?: unknown }).terraform_version : null;
  return typeof version === 'string' && version.length <= 64 ? version : null;
}
