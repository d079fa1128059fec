// Room: validate. The schemas of config-schema/, made into one source when cleat is built.
#pragma once

#include <string_view>

namespace cleat::validate {

extern const std::string_view kConfigSchema;
extern const std::string_view kStateSchema;
extern const std::string_view kFeaturesSchema;

}  // namespace cleat::validate
