// Room: kernel. Route netlink (rtnetlink(7)): questions to the kernel about network devices.
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/sys/fd.hpp"

namespace cleat::kernel {

using Bytes = std::span<const std::byte>;

/// One message: a header, the family's own structure, attributes.
class NetlinkRequest {
 public:
    template <class Body>
    NetlinkRequest(std::uint16_t type, int flags, const Body& body) {
        begin(type, flags);
        append(std::as_bytes(std::span(&body, 1)));
    }
    void add(std::uint16_t type, Bytes payload);
    /// With its zero byte, as the kernel wants names.
    void add_text(std::uint16_t type, std::string_view text);
    void add_number(std::uint16_t type, std::uint32_t value);

    /// With `sequence` filled in.
    [[nodiscard]] Bytes finish(std::uint32_t sequence);

 private:
    void begin(std::uint16_t type, int flags);
    void append(Bytes bytes);
    std::vector<std::byte> bytes_;
};

/// A message of the kernel's: the family's structure and the attributes behind it.
struct NetlinkReply {
    std::uint16_t type = 0;
    Bytes payload;

    template <class Body>
    [[nodiscard]] const Body* body() const noexcept {
        if (payload.size() < sizeof(Body)) return nullptr;
        return reinterpret_cast<const Body*>(payload.data());  // aligned by NLMSG_ALIGN
    }
};

/// The attribute of that type behind a body of `body_size`; nullopt if it is not there.
[[nodiscard]] std::optional<Bytes> find_attribute(const NetlinkReply& reply, std::size_t body_size,
                                                  std::uint16_t type);

/// A NETLINK_ROUTE socket; it belongs to the network namespace in which it was made.
class Netlink {
 public:
    [[nodiscard]] static Result<Netlink> open();
    /// Sends, and waits for the kernel's word that it is done. Errors have the kernel's errno.
    [[nodiscard]] Result<void> carry_out(NetlinkRequest request);
    /// Sends, and calls `each` for every message of the answer.
    [[nodiscard]] Result<void> ask(NetlinkRequest request,
                                   const std::function<void(const NetlinkReply&)>& each);

 private:
    explicit Netlink(sys::Fd socket) noexcept : socket_(std::move(socket)) {}
    sys::Fd socket_;
    std::uint32_t sequence_ = 0;
};

}  // namespace cleat::kernel
