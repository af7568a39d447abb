# METADATA
# title: Where this is
# description: >-
#   What the other policies ask about the place a call would act in. An environment nobody named as relaxed is strict, so
#   a misspelt name or a new environment is never the loose one.
package place

import future.keywords.not

strict if not relaxed

relaxed if data.environments.relaxed[input.environment]
