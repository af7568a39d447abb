package git_test

import data.gate
import data.sample

run(tool, arguments) := sample.call(tool, object.union({"owner": "acme", "repo": "site"}, arguments), {})

held(tool, arguments, finding) if {
	decision := gate.decision with input as run(tool, arguments)
	decision.outcome == "hold"
	finding in {said.id | some said in decision.findings.hold}
}

test_everyday_work_runs if {
	every tool in ["git_status", "git_commit", "git_add", "git_log", "create_issue", "add_issue_comment", "create_branch", "create_pull_request", "get_file_contents", "fork_repository"] {
		gate.outcome == "allow" with input as run(tool, {})
	}
	gate.outcome == "allow" with input as run("push_files", {"branch": "ada/fix", "files": [{"path": "a.txt"}]})
}

test_shared_branches_wait if {
	every branch in ["main", "master", "refs/heads/main", "release/2.1", "hotfix-7"] {
		held("push_files", {"branch": branch, "files": []}, "landing")
	}
	every branch in ["maintenance", "ada/main", "released", "feature/release"] {
		gate.outcome == "allow" with input as run("push_files", {"branch": branch, "files": []})
	}
}

test_one_file_of_a_shared_branch_may_be_granted if {
	decision := gate.decision with input as run("create_or_update_file", {"branch": "main", "path": "a.txt"})
	[landing] := [said | some said in decision.findings.hold; said.id == "landing"]
	landing.grant.free == ["/content", "/message", "/sha"]
	merge := gate.decision with input as run("merge_pull_request", {"pull_number": 7})
	every said in merge.findings.hold {
		not said.grant
	}
}

test_no_branch_is_the_default_one if held("create_or_update_file", {"path": "a.txt"}, "landing-by-default")

test_merging_waits if {
	held("merge_pull_request", {"pull_number": 7}, "merge")
	gate.outcome == "allow" with input as run("update_pull_request_branch", {"pull_number": 7})
}

test_force_waits if {
	held("git_push", {"branch": "ada/fix", "force": true}, "rewrites")
	gate.outcome == "allow" with input as run("git_push", {"branch": "ada/fix", "force": false})
}

test_removing_waits if held("delete_branch", {"branch": "ada/old"}, "removes")

test_pipelines_wait if {
	every path in [".github/workflows/ci.yml", "/.GitHub/workflows/x.yaml", ".gitlab-ci.yml", "Jenkinsfile"] {
		held("push_files", {"branch": "ada/fix", "files": [{"path": "README.md"}, {"path": path}]}, "pipeline")
		held("create_or_update_file", {"branch": "ada/fix", "path": path}, "pipeline")
	}
	every path in [".github/CODEOWNERS", "docs/jenkinsfile.md", "src/.gitlab-ci.yml.md"] {
		gate.outcome == "allow" with input as run("push_files", {"branch": "ada/fix", "files": [{"path": path}]})
	}
}

test_opening_a_repository_waits if {
	held("update_repository", {"visibility": "public"}, "opens")
	held("update_repo", {"private": false}, "opens")
	gate.outcome == "allow" with input as run("update_repository", {"visibility": "private", "private": true})
}
