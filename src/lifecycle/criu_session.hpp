// Room: lifecycle. What checkpoint and restore share: the directories of images and logs, and
// talking to CRIU until it is done.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/launch/criu.hpp"
#include "cleat/lifecycle/criu.hpp"
#include "cleat/sys/fd.hpp"
#include "criu_messages.hpp"

namespace cleat::lifecycle {

inline constexpr const char* kDescriptorsFile = "descriptors.json";

struct CriuDirectories {
    sys::Fd images;
    sys::Fd work;                    ///< none: the images'
    std::vector<std::string> paths;  ///< of both, for the worker
    std::string log_file;            ///< its name there

    [[nodiscard]] int logs() const noexcept { return work ? work.get() : images.get(); }
    /// As the worker has them.
    void tell(CriuOpts& opts) const;
};
/// Makes those that are not there and may be made: the images' by who writes them.
enum class Images { Read, Written };
[[nodiscard]] Result<CriuDirectories> open_criu_directories(const CriuOptions& options, Images use);

/// CRIU's own configuration: what the annotation org.criu.config says ("" is none), or the one of
/// this runtime or, as engines know it, runc's.
[[nodiscard]] std::string criu_config(const std::map<std::string, std::string>& annotations);

using CriuNotification =
    std::function<Result<void>(const CriuResponse& notification, std::vector<sys::Fd> fds)>;
/// Has the work done; `work.answer` is made here. The last response, which is a success. Errors
/// quote CRIU's log.
[[nodiscard]] Result<CriuResponse> talk_to_criu(launch::CriuWork work,
                                                const CriuDirectories& directories,
                                                const CriuNotification& notification);

}  // namespace cleat::lifecycle
