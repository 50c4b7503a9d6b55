# libsotto, shared and static, of node/sdk and all rooms below it; what `cmake --install` installs.
# In both only sotto_* can be seen: the shared one by its version script, the static one because it is
# a single object whose other symbols were made local.
include(GNUInstallDirs)

install(TARGETS sotto RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

file(STRINGS ${CMAKE_SOURCE_DIR}/node/sdk/sotto.h abi REGEX "^#define SOTTO_ABI ")
string(REGEX REPLACE "[^0-9]" "" abi "${abi}")

# Every file of the room is taken whole, the rooms below as needed.
set(sdk_map ${CMAKE_SOURCE_DIR}/node/sdk/libsotto.map)
add_library(libsotto SHARED node/sdk/sotto.h)
set_target_properties(libsotto PROPERTIES
    OUTPUT_NAME sotto LINKER_LANGUAGE C VERSION ${abi}.${PROJECT_VERSION} SOVERSION ${abi}
    LINK_DEPENDS ${sdk_map} PUBLIC_HEADER ${CMAKE_SOURCE_DIR}/node/sdk/sotto.h)
target_link_libraries(libsotto PRIVATE -Wl,--whole-archive room_node_sdk -Wl,--no-whole-archive house)
target_link_options(libsotto PRIVATE -Wl,--version-script=${sdk_map})

set(sdk_object ${CMAKE_BINARY_DIR}/sdk/libsotto.o)
set(sdk_archive ${CMAKE_BINARY_DIR}/libsotto.a)
get_property(sdk_rooms GLOBAL PROPERTY ROOMS)
set(sdk_inputs "")
foreach(room ${sdk_rooms})
    string(REPLACE "/" "_" name ${room})
    get_target_property(type room_${name} TYPE)
    if(type STREQUAL STATIC_LIBRARY AND NOT name MATCHES "^(node_main|node_sdk|node_nat|sim)$")
        list(APPEND sdk_inputs $<TARGET_FILE:room_${name}>)
        get_property(libraries GLOBAL PROPERTY LIBRARIES_${name})
        list(APPEND sdk_libraries ${libraries})
    endif()
endforeach()
list(REMOVE_DUPLICATES sdk_libraries)
list(TRANSFORM sdk_libraries PREPEND -l)
list(JOIN sdk_libraries " " sdk_libraries)
add_custom_command(OUTPUT ${sdk_archive}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/sdk
    COMMAND ${CMAKE_LINKER} -r -o ${sdk_object} --whole-archive $<TARGET_FILE:room_node_sdk> --no-whole-archive --start-group ${sdk_inputs} --end-group
    COMMAND ${CMAKE_OBJCOPY} -w --keep-global-symbol=sotto_* ${sdk_object}
    COMMAND ${CMAKE_COMMAND} -E rm -f ${sdk_archive}
    COMMAND ${CMAKE_AR} crs ${sdk_archive} ${sdk_object}
    DEPENDS room_node_sdk rooms ${sdk_inputs} VERBATIM)
add_custom_target(libsotto_static ALL DEPENDS ${sdk_archive})

configure_file(${CMAKE_SOURCE_DIR}/node/sdk/sotto.pc.in ${CMAKE_BINARY_DIR}/sdk/sotto.pc @ONLY)

install(TARGETS libsotto LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    PUBLIC_HEADER DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${sdk_archive} DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${CMAKE_BINARY_DIR}/sdk/sotto.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES ${CMAKE_SOURCE_DIR}/node/sdk/libsotto.3 DESTINATION ${CMAKE_INSTALL_MANDIR}/man3)

if(SOTTO_TESTS)
    foreach(test install talk light)
        add_test(NAME sdk_${test} COMMAND bash tests/sdk/${test}.sh ${CMAKE_BINARY_DIR}
            WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
        set_tests_properties(sdk_${test} PROPERTIES LABELS unit TIMEOUT 300)
    endforeach()
endif()
