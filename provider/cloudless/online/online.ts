/** `cloudless_online`: a machine that is really there, and is taken out of service before it goes. */
import { randomUUID } from 'node:crypto';
import {
  computed,
  defaulted,
  defineResource,
  isUnknown,
  kinds,
  knownOr,
  optional,
  parseDuration,
  ProviderError,
  required,
  validators,
} from '../../framework';
import type { ConfigOf, Diagnostics, KnownPlanOf, StateOf } from '../../framework';
import { durationText, problemWithDuration } from '../duration-text';
import { probeAttributes, validateProbe } from '../probe/probe-attributes';
import { consoleTail } from './console-tail';
import { drain } from './drain';
import { drainAttributes } from './drain-attributes';
import { reportOf, waitUntilOnline } from './wait-until-online';

const attributes = {
  id: computed(kinds.string, {
    description: 'A new one for each time that it came online.',
    useStateForUnknown: true,
  }),
  name: required(kinds.string, {
    description: 'Name of the machine, for messages.',
    validate: validators.lengthBetween(1, 200),
  }),
  probes: required(kinds.nestedMap(probeAttributes), {
    description: 'How the machine is asked, by a name for messages. All of them have to be good at once.',
    validate: (probes) =>
      Object.keys(probes).length === 0
        ? 'there is none, so nothing would be waited for; write at least one'
        : undefined,
  }),
  successes: defaulted(kinds.integer, 1, {
    description: 'How many times in a row all probes have to be good. Default: 1.',
    validate: validators.between(1, 1000),
  }),
  interval: defaulted(kinds.string, '2s', {
    description: 'Pause between two rounds of probes. Default: `2s`.',
    validate: problemWithDuration,
  }),
  attempt_timeout: defaulted(kinds.string, '10s', {
    description: 'How long one probe of one round may take. Default: `10s`.',
    validate: problemWithDuration,
  }),
  timeout: defaulted(kinds.string, '10m', {
    description: 'How long all of it may take. Default: `10m`.',
    validate: problemWithDuration,
  }),
  triggers: optional(kinds.map(kinds.string), {
    description:
      'What the machine is made of, for example a hash of its domain. A change replaces this resource: the old machine is drained, the new one waited for.',
    requiresReplace: true,
  }),
  console_log: optional(kinds.string, {
    description:
      'Path of the file that the serial console is written to, where Terraform runs. Its last lines are shown when the machine does not come.',
  }),
  console_command: optional(kinds.list(kinds.string), {
    description:
      'Program that prints the serial console, without a shell: `["ssh", "kvm1", "tail", "-n", "50", "/var/log/libvirt/qemu/web-1-console.log"]`. Not with `console_log`.',
    validate: validators.lengthBetween(1, 1000),
  }),
  console_lines: defaulted(kinds.integer, 20, {
    description: 'How many lines of it are shown. Default: 20.',
    validate: validators.between(1, 500),
  }),
  drain: optional(kinds.nested(drainAttributes), {
    description:
      'What is done before the machine goes: on destruction, and on replacement, as it was at the last apply. Nothing of it is done for a machine that never came online.',
  }),
};
type Attributes = typeof attributes;
type Plan = KnownPlanOf<Attributes>;

function validate(config: ConfigOf<Attributes>, diagnostics: Diagnostics): void {
  if (!isUnknown(config.probes))
    for (const [name, probe] of Object.entries(config.probes))
      validateProbe(probe, ['probes', { key: name }], diagnostics);
  validateTimes(config, diagnostics);
  if (config.console_log !== null && config.console_command !== null) {
    diagnostics.error('There are two consoles', 'Take out console_log or console_command.', [
      'console_command',
    ]);
  }
  const { drain: wanted } = config;
  if (wanted !== null && !isUnknown(wanted) && !wanted.command && !wanted.http && !wanted.power_off) {
    diagnostics.error('The drain does nothing', 'Set command, http or power_off of it.', ['drain']);
  }
}

/** Times that cannot be kept together. */
function validateTimes(config: ConfigOf<Attributes>, diagnostics: Diagnostics): void {
  const { interval, timeout, successes } = config;
  if (isUnknown(interval) || isUnknown(timeout) || isUnknown(successes)) return;
  const texts = [interval ?? attributes.interval.default, timeout ?? attributes.timeout.default];
  const [pause, limit] = texts.map((text) =>
    problemWithDuration(text ?? '') === undefined ? parseDuration(text ?? '') : 0,
  );
  if (!pause || !limit) return; // said at the attribute
  if (pause >= limit) {
    diagnostics.error(
      'The machine could be asked only once',
      `interval (${durationText(pause)}) has to be shorter than timeout (${durationText(limit)}).`,
      ['interval'],
    );
  } else if (((successes ?? 1) - 1) * pause >= limit) {
    diagnostics.error(
      'The time is too short for so many successes',
      `${successes} rounds ${durationText(pause)} apart do not fit into timeout (${durationText(limit)}).`,
      ['successes'],
    );
  }
}

/** @throws ProviderError with what was tried and what the console says, when the machine does not come */
async function comeOnline(plan: Plan, signal: AbortSignal): Promise<void> {
  const { isOnline, rounds, records } = await waitUntilOnline({
    probes: plan.probes,
    successes: plan.successes,
    intervalMs: parseDuration(plan.interval),
    attemptTimeoutMs: parseDuration(plan.attempt_timeout),
    timeoutMs: parseDuration(plan.timeout),
    signal,
  });
  if (isOnline) return;
  const log = await consoleTail({
    log: plan.console_log,
    command: plan.console_command,
    lines: plan.console_lines,
  });
  throw new ProviderError(
    `${plan.name} did not come online within ${plan.timeout}`,
    [
      `Asked ${rounds} times, ${plan.interval} apart${plan.successes > 1 ? `, for ${plan.successes} good rounds in a row` : ''}:`,
      reportOf(records),
      ...(log === undefined ? [] : ['', log]),
      '',
      'The machine was left as it is, for you to look at it. The next apply asks it again and replaces nothing because of this.',
    ].join('\n'),
    ['probes'],
  );
}

export const onlineResource = defineResource<Attributes, null>({
  typeName: 'cloudless_online',
  schema: {
    description:
      'Waits until a machine is really there, and takes it out of service before it goes. What depends on this resource finds a machine that answers. ' +
      'It asks once, at creation; a machine that is down later breaks no plan.',
    attributes,
  },
  validate,

  async create(plan, { signal }) {
    // Nothing is stored before it is online: a resource that failed is not there, so the next apply asks again, without a drain of what never served.
    await comeOnline(plan, signal);
    return stateOf(plan, randomUUID());
  },

  read: (state) => Promise.resolve(state),

  async update(plan, prior, { signal }) {
    // Other ways to ask are tried; another drain or console need not be.
    if (differs(plan, prior)) await comeOnline(plan, signal);
    return stateOf(plan, prior.id ?? randomUUID());
  },

  async delete(state, { signal, diagnostics }) {
    if (!state.drain) return;
    const problems = await drain(state.drain, signal);
    if (problems.length === 0) return;
    const detail = problems.map((problem) => `  ${problem}`).join('\n');
    if (state.drain.on_failure === 'fail') {
      throw new ProviderError(
        `${state.name} was not drained`,
        `${detail}\nIt was left as it is; the next apply tries again. To let it go anyway, apply on_failure = "continue" first, or take this resource out of the state.`,
        ['drain'],
      );
    }
    diagnostics.warning(`${state.name} goes without having been drained`, detail, ['drain']);
  },
});

function stateOf(plan: Plan, id: string): StateOf<Attributes> {
  return { ...plan, id: knownOr(plan.id, () => id) };
}

function differs(plan: Plan, prior: StateOf<Attributes>): boolean {
  const asked = ({ probes, successes }: Pick<Plan, 'probes' | 'successes'>) =>
    JSON.stringify([probes, successes]);
  return asked(plan) !== asked(prior);
}
