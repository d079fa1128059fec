// Room: validate. What is said of a document beyond its schema and the rules of spec, one file
// each.
#pragma once

#include <vector>

#include "cleat/spec/document.hpp"
#include "cleat/validate/validate.hpp"

namespace cleat::validate {

// capabilities.cpp
/// Capabilities that nobody knows, and those that the kernel cannot give together.
void warn_of_capabilities(const spec::Node& root, std::vector<Finding>& found);
// elsewhere.cpp
/// What other runtimes are known to leave out. `facts` may be null.
void warn_of_runtimes(const spec::Node& root, const plan::HostFacts* facts,
                      std::vector<Finding>& found);
// documents.cpp
[[nodiscard]] DocumentType type_of(const spec::Node& root);
void check_state(const spec::Node& root, std::vector<Finding>& found);
void check_features(const spec::Node& root, std::vector<Finding>& found);
// host.cpp
/// What this host or cleat on it would refuse; the config itself has no error.
void check_host(const Document& document, const spec::Node& root, const plan::HostFacts& facts,
                std::vector<Finding>& found);
// files.cpp
/// What the config names and the host does not have: files, file systems, CPUs, page sizes.
void check_files(const spec::Spec& spec, const std::string& bundle, std::vector<Finding>& found);

// hints.cpp
class Outline;
/// A sentence that helps with a finding, or "".
[[nodiscard]] std::string hint_for(const Finding& finding, const spec::Node& root,
                                   const Outline& outline);

}  // namespace cleat::validate
