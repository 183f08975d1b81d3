import type { AttributePath } from '../diagnostics';
import { pathMessage } from '../diagnostics';
import { checkApplied, checkPlan, storable } from '../plan/consistency';
import { planChange } from '../plan/plan-change';
import { keepSpelling } from '../plan/spelling';
import { PrivateData } from '../private-data';
import type { providerMethods } from '../protocol/messages';
import type { MessageOf } from '../protocol/protobuf';
import type { AnyResource } from '../resource';
import { withDefaults } from '../schema/defaults';
import type { ObjectValue } from '../values/value';
import { byTypeName } from './known-types';
import { withTimeLimit } from './operation';
import { procedure, reportErrors } from './procedure';
import type { ProviderService } from './procedure';
import type { Session } from './session';

type ApplyRequest = (typeof providerMethods)['ApplyResourceChange']['request'];

/** Plan and apply of resources. */
export function changeProcedures(
  session: Session,
): Pick<ProviderService, 'PlanResourceChange' | 'ApplyResourceChange'> {
  const find = byTypeName<AnyResource<unknown>>('resource type', session.provider.resources);
  return {
    PlanResourceChange: procedure(
      (request, diagnostics) => {
        const codec = find(request.typeName);
        const { definition, attributes } = codec;
        const prior = codec.decode(request.priorState);
        const config = codec.decode(request.config);
        const remembered = new PrivateData(request.priorPrivate);
        return withTimeLimit(session, attributes, {}, 'plan', async (signal) => {
          const context = { ...session.context(diagnostics, signal), private: remembered };
          const answer = (planned: ObjectValue | null, replacing: readonly AttributePath[] = []) => ({
            plannedState: codec.encode(planned),
            requiresReplace: withoutTwins(replacing).map(pathMessage),
            plannedPrivate: remembered.toBytes(),
          });
          // What Terraform proposes is derived from the configuration; only that it proposes nothing says more.
          if (!config || codec.isNull(request.proposedNewState)) {
            if (prior) await definition.planDelete?.(prior, context);
            return answer(null);
          }
          const { planned, changed, requiresReplace } = planChange(attributes, config, prior);
          await definition.modifyPlan?.({ config, prior, changed, planned, requiresReplace }, context);
          checkPlan(attributes, config, prior, planned, diagnostics);
          return answer(planned, requiresReplace);
        });
      },
      ({ priorState, priorPrivate }) => ({
        plannedState: priorState && { msgpack: priorState.msgpack },
        requiresReplace: [],
        plannedPrivate: priorPrivate,
      }),
    ),

    ApplyResourceChange: procedure(async (request, diagnostics) => {
      const codec = find(request.typeName);
      const { definition, attributes } = codec;
      const { typeName } = definition;
      const prior = codec.decode(request.priorState);
      const planned = codec.decode(request.plannedState);
      const config = withDefaults(attributes, codec.decode(request.config) ?? {});
      const remembered = new PrivateData(request.plannedPrivate);
      let result = prior;
      const operation = planned === null ? 'delete' : prior === null ? 'create' : 'update';
      await reportErrors(diagnostics, () =>
        withTimeLimit(session, attributes, planned ?? prior ?? {}, operation, async (signal) => {
          const context = { ...session.context(diagnostics, signal), private: remembered };
          if (planned === null) {
            if (prior) await definition.delete(prior, context);
            result = null;
            return;
          }
          const spelled = (state: ObjectValue) => keepSpelling(attributes, planned, state);
          const keepState = (state: ObjectValue) => {
            result = spelled(state);
          };
          const given = { ...context, config, keepState };
          result = spelled(
            prior === null
              ? await definition.create(planned, given)
              : await definition.update(planned, prior, given),
          );
          if (!diagnostics.hasErrors) checkApplied(typeName, attributes, planned, result, diagnostics);
        }),
      );
      const stored = (state: ObjectValue | null) =>
        codec.encode(state && storable(typeName, attributes, state, diagnostics));
      // A result that is not of the schema's type cannot be stored; what was planned can, so that nothing is lost.
      const newState =
        (await reportErrors(diagnostics, () => stored(result))) ?? stored(result && (planned ?? prior));
      return { newState, private: remembered.toBytes() };
    }, unchanged),
  };
}

/** What is answered to a request that cannot even be read: nothing happened. */
const unchanged = ({ priorState, plannedPrivate }: MessageOf<ApplyRequest>) => ({
  newState: priorState && { msgpack: priorState.msgpack },
  private: plannedPrivate,
});

function withoutTwins(paths: readonly AttributePath[]): AttributePath[] {
  return [...new Map(paths.map((path) => [JSON.stringify(path), path])).values()];
}
