/** Entry of the plugin that Terraform starts. */
import { serve } from '../framework';
import { powerDnsProvider } from './powerdns-provider';

void serve(powerDnsProvider());
