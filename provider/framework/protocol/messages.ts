/**
 * Field numbers of the Terraform plugin protocol 6 and of the go-plugin services around it. Names of
 * messages and fields are our own: only service names, method names and field numbers are on the wire.
 * A field or a method that this framework does not use is not listed; decoding skips it.
 *
 * Nested blocks and nested attributes, data sources, functions and ephemeral resources have their place
 * here when the framework learns them.
 */
import {
  bytes,
  flag,
  integer,
  keyed,
  message,
  nested,
  optionalInteger,
  optionalText,
  repeated,
  text,
} from './protobuf';
import type { MessageType } from './protobuf';

/** Nothing at all. */
export const Empty = message({});

/** A value of some Terraform type, as MessagePack (preferred) or as JSON. */
export const DynamicValue = message({ msgpack: bytes(1), json: bytes(2) });

const PathStep = message({
  attributeName: optionalText(1),
  elementKeyText: optionalText(2),
  elementKeyInteger: optionalInteger(3),
});
export const AttributePathMessage = message({ steps: repeated(1, PathStep) });

/** Severity 1 is an error, 2 a warning. */
export const DiagnosticMessage = message({
  severity: integer(1),
  summary: text(2),
  detail: text(3),
  attribute: nested(4, AttributePathMessage),
});

/** Description kind 0 is plain text, 1 Markdown. */
export const AttributeMessage = message({
  name: text(1),
  type: bytes(2),
  description: text(3),
  required: flag(4),
  optional: flag(5),
  computed: flag(6),
  sensitive: flag(7),
  descriptionKind: integer(8),
  deprecated: flag(9),
  writeOnly: flag(11),
});
const Block = message({
  version: integer(1),
  attributes: repeated(2, AttributeMessage),
  description: text(4),
  descriptionKind: integer(5),
  deprecated: flag(6),
});
export const SchemaMessage = message({ version: integer(1), block: nested(2, Block) });

const ServerCapabilities = message({
  planDestroy: flag(1),
  getProviderSchemaOptional: flag(2),
  moveResourceState: flag(3),
});
const ProviderSchemaResponse = message({
  provider: nested(1, SchemaMessage),
  resourceSchemas: keyed(2, SchemaMessage),
  dataSourceSchemas: keyed(3, SchemaMessage),
  diagnostics: repeated(4, DiagnosticMessage),
  serverCapabilities: nested(6, ServerCapabilities),
});
const IdentitySchemasResponse = message({
  identitySchemas: keyed(1, Empty),
  diagnostics: repeated(2, DiagnosticMessage),
});

const DiagnosticsResponse = message({ diagnostics: repeated(1, DiagnosticMessage) });
const ValidateProviderRequest = message({ config: nested(1, DynamicValue) });
const ValidateProviderResponse = message({ diagnostics: repeated(2, DiagnosticMessage) });
const ConfigureRequest = message({ terraformVersion: text(1), config: nested(2, DynamicValue) });
const ValidateRequest = message({ typeName: text(1), config: nested(2, DynamicValue) });

const RawState = message({ json: bytes(1) });
const UpgradeStateRequest = message({
  typeName: text(1),
  version: integer(2),
  rawState: nested(3, RawState),
});
const UpgradeStateResponse = message({
  upgradedState: nested(1, DynamicValue),
  diagnostics: repeated(2, DiagnosticMessage),
});

const ReadRequest = message({ typeName: text(1), currentState: nested(2, DynamicValue), private: bytes(3) });
const ReadResponse = message({
  newState: nested(1, DynamicValue),
  diagnostics: repeated(2, DiagnosticMessage),
  private: bytes(3),
});

const PlanRequest = message({
  typeName: text(1),
  priorState: nested(2, DynamicValue),
  proposedNewState: nested(3, DynamicValue),
  config: nested(4, DynamicValue),
  priorPrivate: bytes(5),
});
const PlanResponse = message({
  plannedState: nested(1, DynamicValue),
  requiresReplace: repeated(2, AttributePathMessage),
  plannedPrivate: bytes(3),
  diagnostics: repeated(4, DiagnosticMessage),
});

const ApplyRequest = message({
  typeName: text(1),
  priorState: nested(2, DynamicValue),
  plannedState: nested(3, DynamicValue),
  config: nested(4, DynamicValue),
  plannedPrivate: bytes(5),
});
const ApplyResponse = message({
  newState: nested(1, DynamicValue),
  private: bytes(2),
  diagnostics: repeated(3, DiagnosticMessage),
});

const ImportRequest = message({ typeName: text(1), id: text(2) });
const ImportedResource = message({ typeName: text(1), state: nested(2, DynamicValue), private: bytes(3) });
const ImportResponse = message({
  importedResources: repeated(1, ImportedResource),
  diagnostics: repeated(2, DiagnosticMessage),
});

const StopResponse = message({ error: text(1) });
const StdioData = message({ channel: integer(1), data: bytes(2) });
const ConnectionInfo = message({ serviceId: integer(1), network: text(2), address: text(3) });
const HealthRequest = message({ service: text(1) });
const HealthResponse = message({ status: integer(1) });

/** One remote procedure: its two messages. */
const method = <RequestOut, RequestIn, ResponseOut, ResponseIn>(
  request: MessageType<RequestOut, RequestIn>,
  response: MessageType<ResponseOut, ResponseIn>,
) => ({ request, response });

/** Service `tfplugin6.Provider`: the methods this framework answers; Terraform is told of the others that they are not there. */
export const providerMethods = {
  GetProviderSchema: method(Empty, ProviderSchemaResponse),
  GetResourceIdentitySchemas: method(Empty, IdentitySchemasResponse),
  ValidateProviderConfig: method(ValidateProviderRequest, ValidateProviderResponse),
  ValidateResourceConfig: method(ValidateRequest, DiagnosticsResponse),
  ConfigureProvider: method(ConfigureRequest, DiagnosticsResponse),
  UpgradeResourceState: method(UpgradeStateRequest, UpgradeStateResponse),
  ReadResource: method(ReadRequest, ReadResponse),
  PlanResourceChange: method(PlanRequest, PlanResponse),
  ApplyResourceChange: method(ApplyRequest, ApplyResponse),
  ImportResourceState: method(ImportRequest, ImportResponse),
  StopProvider: method(Empty, StopResponse),
};

/** The services of go-plugin that Terraform expects beside the provider. */
export const carrierMethods = {
  /** `plugin.GRPCController` */
  Shutdown: method(Empty, Empty),
  /** `plugin.GRPCStdio`, answers with a stream */
  StreamStdio: method(Empty, StdioData),
  /** `plugin.GRPCBroker`, a stream in both directions */
  StartStream: method(ConnectionInfo, ConnectionInfo),
  /** `grpc.health.v1.Health` */
  Check: method(HealthRequest, HealthResponse),
};
