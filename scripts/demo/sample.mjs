/** By this line of the README the tour knows its own sample: it applies what it finds, so it takes nothing else. */
export const SAMPLE_MARK = '# Plomada sample';

const README = `${SAMPLE_MARK}

Two servers and a load balancer that exist nowhere: \`terraform_data\` needs no provider, no account and no network.
\`prod.tfvars\` makes it four servers.
`;

const MAIN = `terraform {
  required_version = ">= 1.4"
}

resource "terraform_data" "server" {
  count = var.servers
  input = "\${var.environment}-web-\${count.index + 1}"

  provisioner "local-exec" {
    command     = "sh ./install.sh \${self.input}"
    working_dir = path.module
    environment = { PAUSE_SECONDS = var.pause_seconds }
  }
}

resource "terraform_data" "load_balancer" {
  input = { name = "\${var.environment}-lb", targets = terraform_data.server[*].output }
}
`;

const VARIABLES = `variable "environment" {
  description = "What the names begin with."
  type        = string
  default     = "dev"
}

variable "servers" {
  description = "How many servers there are."
  type        = number
  default     = 2
}

variable "pause_seconds" {
  description = "How long each step of an installation takes."
  type        = number
  default     = 0.4
}
`;

const OUTPUTS = `output "servers" {
  description = "Names of the servers."
  value       = terraform_data.server[*].output
}

output "load_balancer" {
  description = "Name of the load balancer."
  value       = terraform_data.load_balancer.output.name
}
`;

const INSTALL = `#!/bin/sh
# Tells what an installation would do, a line at a time and in colour.
step() {
  printf '\\033[36m%s\\033[0m %s\\n' "$1" "$2"
  sleep "$PAUSE_SECONDS"
}
step "$1" "unpacking"
step "$1" "registering with the token $DEMO_TOKEN"
step "$1" "starting"
printf '\\033[32m%s is up\\033[0m\\n' "$1"
`;

const PRODUCTION = `environment = "production"
servers     = 4
`;

/** Files of the sample repository. */
export const SAMPLE_FILES = {
  'README.md': README,
  'main.tf': MAIN,
  'variables.tf': VARIABLES,
  'outputs.tf': OUTPUTS,
  'install.sh': INSTALL,
  'prod.tfvars': PRODUCTION,
};
