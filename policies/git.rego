# METADATA
# title: Git and GitHub
# description: >-
#   Commits, branches, issues and pull requests are everyday work. What lands on a shared branch, cannot be taken back, runs
#   in a pipeline or opens a repository to others waits for a person.
package countersign.git

import future.keywords.not

# Tools about a repository name one in their arguments; others that share a tool's name do not. Arguments are written out
# one by one here: a call that has none of them is then known at once.
here if named(input.call.arguments.repo)

here if named(input.call.arguments.repository)

here if named(input.call.arguments.repo_path)

here if named(input.call.arguments.project_id)

named(repository) if {
	input.call.method == "tools/call"
	is_string(repository)
}

hold contains {
	"id": "landing",
	"severity": "high",
	"reason": "Would land on a branch that others build on.",
	"advice": "Push to a branch of your own and open a pull request.",
	"reviewers": ["user"],
	# What may be granted is writing one file again; repository, branch and path stay as they were shown.
	"grant": {"uses": 10, "for": "30m", "free": ["/content", "/message", "/sha"]},
} if {
	here
	lands
	some branch in branches
	shared(branch)
}

# Without a branch these tools write to the default one.
hold contains {
	"id": "landing-by-default",
	"severity": "high",
	"reason": "Would land on the default branch, because no branch is named.",
	"advice": "Name a branch of your own.",
	"reviewers": ["user"],
} if {
	here
	data.git.lands_by_default[input.call.target]
	unnamed
}

hold contains {
	"id": "merge",
	"severity": "high",
	"reason": "Would merge what others have to review.",
	"reviewers": ["role:reviewer"],
} if {
	here
	data.git.merges[input.call.target]
}

hold contains {
	"id": "rewrites",
	"severity": "critical",
	"reason": "Would replace what others have already fetched.",
	"reviewers": ["role:reviewer"],
} if {
	here
	input.call.arguments.force == true
}

hold contains {
	"id": "removes",
	"severity": "critical",
	"reason": "Would remove {call.arguments.repo} {call.arguments.branch} for everybody.",
	"reviewers": ["role:reviewer"],
} if {
	here
	data.git.removes[input.call.target]
}

hold contains {
	"id": "pipeline",
	"severity": "critical",
	"reason": "Would change what runs in the pipeline, with the pipeline's rights.",
	"reviewers": ["role:reviewer"],
} if {
	here
	some path in paths
	regex.match(`(?i)^/?(\.github/(workflows|actions)/|\.gitlab-ci\.yml$|\.circleci/|jenkinsfile$|azure-pipelines\.yml$|\.husky/|\.git/)`, path)
}

hold contains {
	"id": "opens",
	"severity": "critical",
	"reason": "Would show a repository to everybody.",
	"reviewers": ["role:reviewer"],
} if {
	here
	contains(lower(input.call.target), "repo")
	public
}

unnamed if not input.call.arguments.branch

unnamed if input.call.arguments.branch == ""

branches contains input.call.arguments.branch

branches contains input.call.arguments.base

branches contains input.call.arguments.ref

branches contains input.call.arguments.target_branch

lands if data.git.lands[input.call.target]

shared(branch) if data.git.shared[branch]

shared(branch) if regex.match(`^(refs/heads/)?(release|hotfix|prod)[/-]`, branch)

shared(branch) if {
	startswith(branch, "refs/heads/")
	data.git.shared[substring(branch, 11, -1)]
}

paths contains input.call.arguments.path if {
	here
	data.git.writes[input.call.target]
	is_string(input.call.arguments.path)
}

paths contains file.path if {
	here
	data.git.writes[input.call.target]
	some file in input.call.arguments.files
	is_string(file.path)
}

public if input.call.arguments.visibility == "public"

public if {
	contains(lower(input.call.target), "update")
	input.call.arguments.private == false
}
