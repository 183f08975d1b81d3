import { Diagnostics, ProviderError } from '../diagnostics';
import { FunctionError } from '../function';
import type { AnyFunction, Parameter } from '../function';
import type { MessageInputOf } from '../protocol/protobuf';
import type { FunctionMessage } from '../protocol/schema-messages';
import { checkValue } from '../schema/check';
import { typeMessage } from '../schema/schema-message';
import { decodeDynamicValue, encodeDynamicValue } from '../values/wire';
import { describeDefect } from './procedure';
import type { ProviderService } from './procedure';
import type { Session } from './session';

const MARKDOWN = 1;

/** The forms of functions on the wire, by name. */
export function functionMessages(
  functions: readonly AnyFunction[],
): Record<string, MessageInputOf<typeof FunctionMessage>> {
  return Object.fromEntries(
    functions.map(({ name, summary, description, deprecated, parameters, variadicParameter, returns }) => [
      name,
      {
        summary,
        description,
        descriptionKind: MARKDOWN,
        deprecation: deprecated ?? '',
        parameters: parameters.map(parameterMessage),
        variadicParameter: variadicParameter && parameterMessage(variadicParameter),
        returns: { type: typeMessage(returns.type) },
      },
    ]),
  );
}

function parameterMessage({ name, kind, description, allowNull, allowUnknown }: Parameter<unknown>) {
  return {
    name,
    type: typeMessage(kind.type),
    description,
    descriptionKind: MARKDOWN,
    allowNull: allowNull ?? false,
    allowUnknown: allowUnknown ?? false,
  };
}

/** Functions of the provider. They run without a configured provider. */
export function functionProcedures(session: Session): Pick<ProviderService, 'GetFunctions' | 'CallFunction'> {
  const functions = session.provider.functions ?? [];
  const byName = new Map(functions.map((definition) => [definition.name, definition]));
  return {
    GetFunctions: async () => ({ functions: functionMessages(functions) }),

    CallFunction: async (request) => {
      try {
        const definition = byName.get(request.name);
        if (!definition) throw new FunctionError(`There is no function "${request.name}"`);
        const { parameters, variadicParameter, returns } = definition;
        const args = request.arguments.map((message, index) => {
          const { name, kind } = parameters[index] ?? variadicParameter ?? unexpected(index);
          const argument = decodeDynamicValue(message, kind.type);
          const diagnostics = new Diagnostics();
          checkValue(kind, argument, [name], diagnostics);
          const [first] = diagnostics.all;
          if (first) throw new FunctionError(first.detail, index);
          return argument;
        });
        return { result: encodeDynamicValue(await definition.run(...args), returns.type) };
      } catch (error) {
        if (error instanceof FunctionError) {
          return { error: { text: error.message, argument: error.argumentIndex } };
        }
        const text = error instanceof ProviderError ? error.message : describeDefect(error);
        return { error: { text } };
      }
    },
  };
}

function unexpected(index: number): never {
  throw new FunctionError(`There is no parameter ${index + 1}`, index);
}
