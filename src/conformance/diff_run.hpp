// Room: conformance. One configuration under one runtime.
#pragma once

#include <string>
#include <vector>

#include "diff_choices.hpp"
#include "spawn.hpp"
#include "value.hpp"
#include "verdict.hpp"

namespace cleat::conformance {

/// RUNTIME DIRECTORY PROBE NAME LIMIT CHOICES: runs the configuration, prints the report as JSON.
[[nodiscard]] int run_choices(const std::vector<std::string>& words);

/// The choices as JSON, for a process that runs them.
[[nodiscard]] Value choices_json(const std::vector<Chosen>& choices);

/// Where configurations are run.
struct RunSettings {
    std::string directory;
    std::string probe;
    std::chrono::seconds limit{};
    std::vector<Judged> runtimes;
};

/// Runs a configuration under all runtimes at the same time.
class Runner {
 public:
    explicit Runner(RunSettings settings) : settings_(std::move(settings)) {}
    /// The reports in the order of the runtimes. Errors: System, if no process can be made.
    [[nodiscard]] Result<std::vector<Value>> run(const std::vector<Chosen>& choices);
    [[nodiscard]] const std::vector<Judged>& runtimes() const noexcept {
        return settings_.runtimes;
    }

 private:
    struct Running {
        std::string name;
        std::string directory;
        sys::Fd output;
        pid_t pid = 0;
    };
    [[nodiscard]] Result<Running> start(const Judged& runtime, const std::string& choices);
    Value finish(const Running& one);

    RunSettings settings_;
    Children children_;
    Cgroups cgroups_ = Cgroups::look();
    std::size_t made_ = 0;
};

}  // namespace cleat::conformance
