import { Injectable } from '@nestjs/common';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { RateLimit, RegistryAccess } from '../api-keys';
import { Clock } from '../common/clock';
import { sendAnswer } from '../common/registry/registry-answer';
import { type RegistryAnswer, RegistryAnswers } from '../common/registry/registry-answers.service';
import { MetricsService } from './metrics.service';

/**
 * Sends answers of the registry protocol that were made before, ahead of everything else a request passes through. The
 * routes are the truth: whatever is not an ordinary request for a kept answer goes on to them.
 */
@Injectable()
export class RegistryDoor {
  constructor(
    private readonly answers: RegistryAnswers,
    private readonly access: RegistryAccess,
    private readonly rateLimit: RateLimit,
    private readonly metrics: MetricsService,
    private readonly clock: Clock,
  ) {}

  handler(): RequestHandler {
    return (request, response, next) => {
      if (request.method !== 'GET' && request.method !== 'HEAD') return next();
      const answer = this.answers.find(request.url, this.clock.now().getTime());
      if (!answer) return next();
      const isOpen = answer.namespace === null || answer.namespace.isPublic;
      if (isOpen && this.rateLimit.isOff) this.send(request, response, answer);
      else void this.admit(request, response, next, answer);
    };
  }

  private async admit(request: Request, response: Response, next: NextFunction, answer: RegistryAnswer): Promise<void> {
    try {
      const actor = answer.namespace === null ? undefined : await this.access.admit(request, answer.namespace);
      // One too many: the route's own guard says so.
      if (!(await this.rateLimit.count(request, actor))) return next();
    } catch (error) {
      return next(error);
    }
    this.send(request, response, answer);
  }

  private send(request: Request, response: Response, answer: RegistryAnswer): void {
    const startedAt = performance.now();
    response.once('finish', () => {
      const seconds = (performance.now() - startedAt) / 1000;
      this.metrics.observeRequest(request.method, answer.route, response.statusCode, seconds);
    });
    sendAnswer(response, answer);
  }
}
