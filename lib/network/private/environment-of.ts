import { TerraformStack } from 'cdktf';
import type { Construct, IConstruct } from 'constructs';
import { CloudlessStack } from '../../core/cloudless-stack';
import type { Environment } from '../../core/environment';

/** The environment that a construct belongs to, whether it is made in the environment itself or in a stack of it. */
export function environmentOf(construct: Construct): Environment {
  return construct.node.scopes.find(isEnvironment) ?? CloudlessStack.of(construct).environment;
}

export function isInStack(construct: Construct): boolean {
  return construct.node.scopes.some((each) => TerraformStack.isStack(each));
}

function isEnvironment(construct: IConstruct): construct is Environment {
  return 'environmentName' in construct && 'siteKey' in construct;
}
