import { Construct } from 'constructs';
import type { Environment } from '../core/environment';
import { PlacementLedger } from './placement-ledger';

/** What becomes of a synth whose check fails. */
export enum Severity {
  /** Nothing is written. */
  ERROR = 'error',
  /** It is said, and goes on. */
  WARNING = 'warning',
}

export interface SurvivesLossProps {
  /** @default Severity.ERROR */
  readonly severity?: Severity;
  /**
   * Names of pools whose machines may be lost: those that are pinned, or that serve again without some members.
   * @default - none
   */
  readonly exempt?: readonly string[];
}

/**
 * The check that a site survives the loss of any one hypervisor (N+1): each of its machines would find room on another
 * one that has its image, its network and its labels. Data disks die with their hypervisor; this is about room.
 *
 * Create it after the hypervisors and before the stacks, or after: it looks when everything is there.
 */
export class SurvivesLoss extends Construct {
  constructor(scope: Environment, id: string, props: SurvivesLossProps = {}) {
    super(scope, id);
    PlacementLedger.of(scope).demandSurvival({
      owner: this,
      exempt: new Set(props.exempt),
      fatal: (props.severity ?? Severity.ERROR) === Severity.ERROR,
    });
  }
}
