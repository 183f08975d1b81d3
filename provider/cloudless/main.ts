/** Entry of the plugin that Terraform starts. */
import { serve } from '../framework';
import { cloudlessProvider } from './cloudless-provider';

void serve(cloudlessProvider());
